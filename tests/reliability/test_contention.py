"""All who change jobs at the same moment do not meet in a deadlock; where one comes, it is repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import URL, Connection, update

from app.jobs import DatabaseUnavailable, Simmer
from app.jobs.database.conflicts import MOST_TRIES, retry_conflicts
from app.jobs.database.database import Database
from app.jobs.database.supported import dialect_named
from app.jobs.database.tables import JOBS
from app.jobs.errors import TransactionConflict
from app.jobs.states import FINAL
from app.jobs.store import queries
from app.jobs.store.job_filters import JobFilters

from ..store.factory import submit
from .consistency import check_consistency
from .contention import Contention
from .database_faults import failing_statement

SECONDS = 10


@pytest.mark.parametrize(
    "submitted", [1_000, pytest.param(8_000, marks=[pytest.mark.long, pytest.mark.timeout(400)])]
)
def test_nobody_meets_a_deadlock(database: Database, submitted: int) -> None:
    """Four claimers, two submitters that cancel, a pruner and a rescuer: no error, every job final once."""
    contention = Contention(database, submitted)
    contention.run(seconds=300)
    assert contention.errors == []
    check_consistency(database)
    with database.read() as conn:
        kept, _ = queries.count(conn, JobFilters(), cap=submitted)
        final, _ = queries.count(conn, JobFilters(states=FINAL), cap=submitted)
    assert contention.pruned > 0
    assert kept == final == submitted - contention.pruned


def test_a_deadlock_is_repeated(database: Database) -> None:
    """Two transactions that lock two jobs in opposite order both succeed; SQLite's never overlap."""
    with database.write() as conn:
        ids = [submit(conn), submit(conn)]
    both = threading.Barrier(2, timeout=SECONDS)
    conflicts, tries = list[BaseException](), [0, 0]

    @retry_conflicts
    def lock_in_order(number: int, first: str, second: str) -> None:
        tries[number] += 1
        try:
            with database.write() as conn:
                _touch(conn, first)
                if tries[number] == 1 and database.dialect.name != "sqlite":
                    both.wait()
                _touch(conn, second)
        except TransactionConflict as error:
            conflicts.append(error)
            raise

    threads = [threading.Thread(target=lock_in_order, args=args) for args in ((0, *ids), (1, *reversed(ids)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    with database.read() as conn:
        versions = {job.version for job in queries.jobs_by_id(conn, ids).values()}
    assert versions == {3}
    assert len(conflicts) == sum(tries) - 2
    assert len(conflicts) == (0 if database.dialect.name == "sqlite" else 1)


def _touch(conn: Connection, job_id: str) -> None:
    conn.execute(update(JOBS).where(JOBS.c.id == job_id).values(version=JOBS.c.version + 1))


def test_a_conflict_is_no_outage(
    make_app: Callable[..., Flask], url: URL, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Whichever write is a deadlock's victim, submitter and worker repeat it, and nothing is logged."""
    monkeypatch.setattr(
        dialect_named(url.get_backend_name()), "is_conflict", lambda error: "was reset" in str(error)
    )
    tasks = Simmer()
    tasks.task("add")(lambda: 7)
    with make_app(tasks, url, JOBS_ENGINE="thread", JOBS_THREADS=1).app_context():
        tasks.start()
        for number in count(1):
            with failing_statement(
                tasks.runtime.database, number, ("INSERT", "UPDATE", "DELETE")
            ) as happened:
                job = tasks.wait(tasks.submit("add").id, SECONDS)
                assert tasks.retry(job.id).version > job.version
            assert job.result == 7
            if not happened():
                break
        tasks.stop(timeout=5)
        check_consistency(tasks.runtime.database)
    assert number >= 8
    assert caplog.text == ""


def test_conflicts_without_end_are_an_outage() -> None:
    """After a few tries in a row the caller is told what the database said."""
    tries = 0

    @retry_conflicts
    def meet() -> None:
        nonlocal tries
        tries += 1
        raise TransactionConflict from OSError("deadlock detected")

    with pytest.raises(DatabaseUnavailable, match="deadlock detected"):
        meet()
    assert tries == MOST_TRIES
