"""Those who submit at the same moment share a commit, and nothing else."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.jobs import DatabaseUnavailable, Simmer
from app.jobs.database.database import Database
from app.jobs.database.transactions import AnyConnection
from app.jobs.store import new_jobs, queries
from app.jobs.store.group_commit import GroupCommit
from app.jobs.store.job_filters import JobFilters

from ..support import eventually
from .factory import new_job

SECONDS = 10


class Crowd:
    """Threads that commit a job each; the database can be made to wait for them."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.commits = database, GroupCommit(database)
        self.may_go, self.calls = threading.Event(), 0
        self.raw_write = database.raw_write
        self._threads = ThreadPoolExecutor(16)
        monkeypatch.setattr(database, "raw_write", self._write_when_told)

    @contextmanager
    def _write_when_told(self) -> Iterator[AnyConnection]:
        self.calls += 1
        assert self.may_go.wait(SECONDS)
        with self.raw_write() as conn:
            yield conn

    def submit(self, **values: Any) -> Future[None]:
        """Commit a job in a thread of its own."""
        return self.submit_many([values])

    def submit_many(self, wishes: list[dict[str, Any]]) -> Future[None]:
        """Commit several jobs in a thread of its own."""
        writes = new_jobs.bind_enqueue(self.database.dialect, [new_job(**values) for values in wishes])
        return self._threads.submit(self.commits.commit, writes)

    def line_up(self, *crowd: dict[str, Any]) -> list[Future[None]]:
        """Commit jobs: the first leads and waits, the others stand in line."""
        first = self.submit(**crowd[0])
        eventually(lambda: self.calls)
        others = [self.submit(**values) for values in crowd[1:]]
        eventually(lambda: self.commits.queued == len(others))
        return [first, *others]

    def stored(self) -> list[str]:
        """The tasks of the jobs that exist."""
        with self.database.read() as conn:
            found, _ = queries.page(conn, JobFilters(), 500, None, True)
        return sorted(job.task for job in found)

    def leave(self) -> None:
        """Let everybody end."""
        self.may_go.set()
        self._threads.shutdown()


@pytest.fixture
def crowd(database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A crowd on each kind of database."""
    made = Crowd(database, monkeypatch)
    yield made
    made.leave()


def test_those_who_stand_in_line_share_a_commit(crowd: Crowd) -> None:
    """Eight submitters, one transaction; the line is empty afterwards and the next one leads at once."""
    asked = crowd.line_up(*({"task": f"t{n}", "tags": ("a", "b")} for n in range(8)))
    crowd.may_go.set()
    for each in asked:
        each.result(SECONDS)
    assert crowd.calls == 1
    assert crowd.stored() == [f"t{n}" for n in range(8)]
    crowd.submit(task="t8").result(SECONDS)
    assert len(crowd.stored()) == 9


@pytest.mark.parametrize("bad", [{"on_interrupt": "never"}, {"task": "half \ud800"}, {"args": object()}])
@pytest.mark.parametrize("place", [0, 5])
def test_a_job_that_cannot_be_stored_harms_no_other(crowd: Crowd, bad: dict[str, Any], place: int) -> None:
    """A constraint, a text or a value: its submitter, leader or not, gets the error, all others their job."""
    wishes: list[dict[str, Any]] = [{"task": f"t{n}"} for n in range(8)]
    wishes[place] = {**wishes[place], **bad}
    asked = crowd.line_up(*wishes)
    crowd.may_go.set()
    refused = asked.pop(place).exception(SECONDS)
    assert refused is not None
    assert not isinstance(refused, DatabaseUnavailable)
    assert isinstance(refused, IntegrityError) == ("on_interrupt" in bad)
    assert [each.exception(SECONDS) for each in asked] == [None] * 7
    assert crowd.stored() == [f"t{n}" for n in range(8) if n != place]


def test_an_outage_is_everybodys(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """All who stand in line get it at once, each an exception of its own; afterwards all goes on."""

    def fail() -> Any:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(crowd, "raw_write", fail)
    asked = crowd.line_up(*[{}] * 4)
    crowd.may_go.set()
    errors = [each.exception(SECONDS) for each in asked]
    assert [(type(error), str(error)) for error in errors] == [(DatabaseUnavailable, "away")] * 4
    assert len({id(error) for error in errors}) == 4
    assert crowd.calls == 1
    monkeypatch.undo()
    crowd.submit(task="later").result(SECONDS)
    assert crowd.stored() == ["later"]


def test_nobody_waits_without_end(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stands in line too long leaves it with DatabaseUnavailable, and is not stored later."""
    monkeypatch.setattr("app.jobs.database.batching.LOCK_WAIT", 0.2)
    first, second = crowd.line_up({"task": "first"}, {"task": "second"})
    assert isinstance(second.exception(SECONDS), DatabaseUnavailable)
    crowd.may_go.set()
    first.result(SECONDS)
    assert crowd.stored() == ["first"]


def test_nobody_waits_for_a_large_submission(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while it is written begins to write as well."""
    monkeypatch.setattr("app.jobs.store.group_commit.MOST_SHARED", 2)
    large = crowd.submit_many([{"task": f"t{n}"} for n in range(3)])
    eventually(lambda: crowd.calls)
    other = crowd.submit(task="t3")
    eventually(lambda: crowd.calls == 2)
    crowd.may_go.set()
    for each in (large, other):
        each.result(SECONDS)
    assert crowd.stored() == ["t0", "t1", "t2", "t3"]


def test_a_leader_that_is_interrupted_leaves_the_lead(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A KeyboardInterrupt in the middle of a commit ends that one; whoever comes next is served."""

    raw_write = crowd.raw_write

    def interrupt_once() -> Any:
        if crowd.calls == 1:
            raise KeyboardInterrupt
        return raw_write()

    monkeypatch.setattr(crowd, "raw_write", interrupt_once)
    first, second = crowd.line_up({"task": "first"}, {"task": "second"})
    crowd.may_go.set()
    assert isinstance(first.exception(SECONDS), KeyboardInterrupt)
    second.result(SECONDS)
    assert crowd.stored() == ["second"]


def test_a_leader_serves_once(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """It returns after its own commit, however many have come meanwhile: one of them leads then."""
    passed, raw_write = threading.Semaphore(0), crowd.raw_write

    @contextmanager
    def write_slowly() -> Iterator[AnyConnection]:
        with raw_write() as conn:
            yield conn
        assert passed.acquire(timeout=SECONDS)

    monkeypatch.setattr(crowd, "raw_write", write_slowly)
    crowd.may_go.set()
    first = crowd.submit(task="first")
    eventually(crowd.stored)
    others = [crowd.submit(task="other") for _ in range(3)]
    eventually(lambda: crowd.commits.queued == 3)
    passed.release()
    first.result(SECONDS)
    assert not any(each.done() for each in others)
    passed.release(3)
    for each in others:
        each.result(SECONDS)
    assert crowd.calls == 2


def test_a_forked_child_has_no_leader_of_its_parents(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forked while another thread leads, it submits at once."""
    tasks = Simmer()
    tasks.task("add")(lambda: 1)
    app = make_app(tasks, JOBS_API_PREFIX=None, JOBS_AUTOSTART=False)
    with app.app_context():
        database, may_go = tasks.runtime.database, threading.Event()
        raw_write = database.raw_write
        leading = threading.Event()

        def wait_in_the_parent() -> Any:
            leading.set()
            may_go.wait(SECONDS)
            return raw_write()

        monkeypatch.setattr(database, "raw_write", wait_in_the_parent)
        thread = threading.Thread(target=_submit, args=(app, tasks))
        thread.start()
        assert leading.wait(SECONDS)
        child = os.fork()
        if child == 0:
            monkeypatch.undo()
            _end_as_a_child(lambda: tasks.submit("add"))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        may_go.set()
        thread.join(SECONDS)
        assert len(tasks.list()) == 2


def _submit(app: Flask, tasks: Simmer) -> None:
    with app.app_context():
        tasks.submit("add")


def _end_as_a_child(work: Callable[[], Any]) -> None:
    signal.alarm(SECONDS)
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)
