"""When a job exists: with its own commit, or with the caller's, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs.errors import InvalidArguments, OpenTransaction, QueueFull

from .conftest import MakeDriver
from .driver import EngineDriver
from .notes import Note


def _with_notes(driver: EngineDriver) -> type[Any]:
    """A table of the host's, and a task that counts its rows."""
    driver.jobs.task("count")(lambda: driver.db.session.query(Note).count())
    return Note


def test_with_a_session_the_job_exists_once_that_commits(driver: EngineDriver) -> None:
    """It joins the caller's transaction, and runs after the commit: it sees the caller's rows."""
    note, session = _with_notes(driver), driver.db.session
    session.add(note(text="one"))
    job = driver.jobs.submit("count", session=session)
    assert driver.jobs.list() == []
    session.commit()
    assert driver.finish(job).result == 1
    session.add(note(text="two"))  # the session goes on
    session.commit()


def test_with_a_session_a_rollback_takes_the_job_along(driver: EngineDriver) -> None:
    """It never existed, and nothing runs."""
    note, session = _with_notes(driver), driver.db.session
    session.add(note(text="one"))
    driver.jobs.submit("count", session=session)
    session.rollback()
    driver.settle()
    assert driver.jobs.list() == []
    after = driver.jobs.submit("count", session=session)
    session.commit()
    assert driver.finish(after).result == 0
    assert len(driver.jobs.list()) == 1


def test_a_savepoint_decides_for_what_was_submitted_in_it(driver: EngineDriver) -> None:
    """What was submitted before it is not touched by its rollback."""
    _with_notes(driver)
    session = driver.db.session
    before = driver.jobs.submit("count", session=session)
    nested = session.begin_nested()
    driver.jobs.submit("count", session=session)
    nested.rollback()
    with session.begin_nested():
        inside = driver.jobs.submit("count", session=session)
    session.commit()
    assert [driver.finish(job).state for job in (before, inside)] == ["succeeded"] * 2
    assert len(driver.jobs.list()) == 2


def test_a_session_may_submit_often(driver: EngineDriver) -> None:
    """Many jobs of one session, over several commits, each run once."""
    driver.jobs.task("add")(lambda: 1)
    session = driver.db.session
    jobs = []
    for _ in range(3):
        jobs += [driver.jobs.submit("add", session=session) for _ in range(3)]
        session.commit()
    assert [driver.outcomes(driver.finish(job)) for job in jobs] == [[(1, 1, "succeeded")]] * 9


def test_an_open_transaction_is_refused_at_once(driver: EngineDriver) -> None:
    """Where the caller's session holds SQLite's write lock, submit() raises and stores nothing."""
    note, session = _with_notes(driver), driver.db.session
    session.add(note(text="one"))
    session.flush()
    for submit in (_submit_one, _submit_many):
        with pytest.raises(OpenTransaction, match="commit first, or pass session="):
            submit(driver)
    session.commit()
    assert driver.jobs.list() == []
    assert driver.run("count").result == 1


def _submit_one(driver: EngineDriver) -> Any:
    return driver.jobs.submit("count")


def _submit_many(driver: EngineDriver) -> Any:
    task = driver.jobs.task("count2")(lambda: 1)
    return task.submit_many([{}])


def test_a_session_that_only_reads_is_no_hindrance(driver: EngineDriver) -> None:
    """A SELECT takes no lock."""
    note, session = _with_notes(driver), driver.db.session
    session.query(note).all()
    assert driver.run("count").result == 0


def test_a_session_on_another_database_is_refused(driver: EngineDriver) -> None:
    """Its commit says nothing of ours."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    driver.jobs.task("add")(lambda: 1)
    engine = create_engine("sqlite://")
    with Session(engine) as other, pytest.raises(ValueError, match="another database"):
        driver.jobs.submit("add", session=other)
    engine.dispose()


def test_submit_many_is_one_transaction(driver: EngineDriver) -> None:
    """One misfit among many, and none is stored; the pointers name each."""

    @driver.jobs.task
    def add(a: int) -> int:
        return a

    with pytest.raises(InvalidArguments) as caught:
        add.submit_many([{"a": 1}, {"a": "x"}, {"b": 2}])
    assert {e["pointer"] for e in caught.value.errors} == {"#/1/args/a", "#/2/args/a", "#/2/args/b"}
    assert driver.jobs.list() == []
    jobs = add.submit_many({"a": n} for n in range(20))
    assert [driver.finish(job).result for job in jobs] == list(range(20))
    assert add.submit_many([]) == []


@pytest.mark.parametrize("engine", ["manual"])
def test_a_full_backlog_refuses_submissions(engine: str, make_driver: MakeDriver) -> None:
    """Up to JOBS_MAX_QUEUED wait; retries are never refused, and there is room again when jobs have run."""
    driver = make_driver(engine, JOBS_MAX_QUEUED=3)
    task = driver.jobs.task("add")(lambda: 1)
    done = driver.run("add")
    task.submit_many([{}, {}])
    with pytest.raises(QueueFull, match="JOBS_MAX_QUEUED"):
        task.submit_many([{}, {}])
    task.options(delay=60).submit()
    with pytest.raises(QueueFull):
        task.submit()
    with pytest.raises(QueueFull):
        task.options(session=driver.db.session).submit()
    driver.db.session.rollback()
    assert driver.jobs.retry(done.id).state == "queued"
    driver.settle()
    assert task.submit().state == "queued"
