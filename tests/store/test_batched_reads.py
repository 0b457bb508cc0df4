"""Those who look at the same moment share a statement, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from app.jobs import DatabaseUnavailable
from app.jobs.database.database import Database
from app.jobs.job import Job, Stamp
from app.jobs.store import queries
from app.jobs.store.batched_reads import BatchedReads

from ..support import eventually
from .factory import submit

SECONDS = 10


class Readers:
    """Threads that look; the first one waits in the database until it is told to go on."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads, self.calls, self.may_go = BatchedReads(database, queries.WHOLE), 0, threading.Event()
        self.error: BaseException | None = None
        self._raw_read, self._threads = database.raw_read, ThreadPoolExecutor(8)
        monkeypatch.setattr(database, "raw_read", self._read_when_told)

    @contextmanager
    def _read_when_told(self) -> Iterator[Any]:
        self.calls += 1
        assert self.may_go.wait(SECONDS)
        if self.error is not None:
            raise self.error
        with self._raw_read() as conn:
            yield conn

    def line_up(self, first: str, *others: str) -> list[Future[Job | None]]:
        """Ask for these jobs: the first reader leads and waits, the others stand in line."""
        asked = [self._threads.submit(self.reads.get, first)]
        eventually(lambda: self.calls)
        asked += [self._threads.submit(self.reads.get, other) for other in others]
        eventually(lambda: self.reads.queued == len(others))
        return asked


@pytest.fixture
def readers(database: Database, monkeypatch: pytest.MonkeyPatch) -> Readers:
    """Readers of each kind of database."""
    return Readers(database, monkeypatch)


def test_each_gets_the_job_that_it_asked_for(database: Database, readers: Readers) -> None:
    """Who lined up is served at once with the others, as who is alone would be; None where there is none."""
    with database.write() as conn:
        ids = [submit(conn, args=args) for args in ("{}", '{"a":"\\"é☃\\\\n𝄞"}', '{"a":[1.5,1e300,null]}')]
        alone = [queries.get(conn, job_id) for job_id in ids]
    asked = readers.line_up(*ids, "nobody", ids[0])
    readers.may_go.set()
    assert [each.result(SECONDS) for each in asked] == [*alone, None, alone[0]]
    assert readers.calls == 2


def test_a_stamp_says_what_the_job_says(database: Database) -> None:
    """Version, state and times are those of the whole row; None where there is no job."""
    stamps = BatchedReads(database, queries.STAMP)
    with database.write() as conn:
        job_id = submit(conn)
        job = queries.get(conn, job_id)
    assert job is not None
    assert stamps.get(job_id) == Stamp(job.version, job.state, job.created_at, job.run_at)
    assert stamps.get("nobody") is None


def test_an_outage_is_everybodys(readers: Readers) -> None:
    """Each has an exception of its own with what the database said; afterwards there is no leader left."""
    readers.error = DatabaseUnavailable("away")
    asked = readers.line_up("a", "b", "c")
    readers.may_go.set()
    errors = [each.exception(SECONDS) for each in asked]
    assert [(type(error), str(error)) for error in errors] == [(DatabaseUnavailable, "away")] * 3
    assert len({id(error) for error in errors}) == 3
    readers.error = None
    assert readers.reads.get("nobody") is None


@pytest.mark.parametrize("error", [KeyError("a bug"), KeyboardInterrupt()])
def test_a_leader_that_fails_leaves_the_lead(readers: Readers, error: BaseException) -> None:
    """Whatever ends its look, whoever comes next is served."""
    readers.error = error
    (asked,) = readers.line_up("a")
    readers.may_go.set()
    assert type(asked.exception(SECONDS)) is type(error)
    readers.error = None
    assert readers.reads.get("nobody") is None
