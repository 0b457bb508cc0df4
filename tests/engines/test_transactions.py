"""When a job exists: with its own commit, or with the caller's, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs.errors import InvalidArguments, OpenTransaction, QueueFull

from .conftest import MakeBench
from .driver import Bench


def _with_notes(bench: Bench) -> type[Any]:
    """A table of the host's, and a task that counts its rows."""
    db = bench.db

    class Note(db.Model):  # type: ignore[misc, name-defined]
        id = db.mapped_column(db.Integer, primary_key=True)
        text = db.mapped_column(db.String)

    Note.__table__.create(db.engine)
    bench.jobs.task("count")(lambda: db.session.query(Note).count())
    return Note


def test_with_a_session_the_job_exists_once_that_commits(bench: Bench) -> None:
    """It joins the caller's transaction, and runs after the commit: it sees the caller's rows."""
    note, session = _with_notes(bench), bench.db.session
    session.add(note(text="one"))
    job = bench.jobs.submit("count", session=session)
    assert bench.jobs.list() == []
    session.commit()
    assert bench.finish(job).result == 1
    session.add(note(text="two"))  # the session goes on
    session.commit()


def test_with_a_session_a_rollback_takes_the_job_along(bench: Bench) -> None:
    """It never existed, and nothing runs."""
    note, session = _with_notes(bench), bench.db.session
    session.add(note(text="one"))
    bench.jobs.submit("count", session=session)
    session.rollback()
    bench.settle()
    assert bench.jobs.list() == []
    after = bench.jobs.submit("count", session=session)
    session.commit()
    assert bench.finish(after).result == 0
    assert len(bench.jobs.list()) == 1


def test_a_savepoint_decides_for_what_was_submitted_in_it(bench: Bench) -> None:
    """What was submitted before it is not touched by its rollback."""
    _with_notes(bench)
    session = bench.db.session
    before = bench.jobs.submit("count", session=session)
    nested = session.begin_nested()
    bench.jobs.submit("count", session=session)
    nested.rollback()
    with session.begin_nested():
        inside = bench.jobs.submit("count", session=session)
    session.commit()
    assert [bench.finish(job).state for job in (before, inside)] == ["succeeded"] * 2
    assert len(bench.jobs.list()) == 2


def test_a_session_may_submit_often(bench: Bench) -> None:
    """Many jobs of one session, over several commits, each run once."""
    bench.jobs.task("add")(lambda: 1)
    session = bench.db.session
    jobs = []
    for _ in range(3):
        jobs += [bench.jobs.submit("add", session=session) for _ in range(3)]
        session.commit()
    assert [bench.outcomes(bench.finish(job)) for job in jobs] == [[(1, 1, "succeeded")]] * 9


def test_an_open_transaction_is_refused_at_once(bench: Bench) -> None:
    """Where the caller's session holds SQLite's write lock, submit() raises and stores nothing."""
    note, session = _with_notes(bench), bench.db.session
    session.add(note(text="one"))
    session.flush()
    for submit in (_submit_one, _submit_many):
        with pytest.raises(OpenTransaction, match="commit first, or pass session="):
            submit(bench)
    session.commit()
    assert bench.jobs.list() == []
    assert bench.run("count").result == 1


def _submit_one(bench: Bench) -> Any:
    return bench.jobs.submit("count")


def _submit_many(bench: Bench) -> Any:
    task = bench.jobs.task("count2")(lambda: 1)
    return task.submit_many([{}])


def test_a_session_that_only_reads_is_no_hindrance(bench: Bench) -> None:
    """A SELECT takes no lock."""
    note, session = _with_notes(bench), bench.db.session
    session.query(note).all()
    assert bench.run("count").result == 0


def test_a_session_on_another_database_is_refused(bench: Bench) -> None:
    """Its commit says nothing of ours."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    bench.jobs.task("add")(lambda: 1)
    engine = create_engine("sqlite://")
    with Session(engine) as other, pytest.raises(ValueError, match="another database"):
        bench.jobs.submit("add", session=other)
    engine.dispose()


def test_submit_many_is_one_transaction(bench: Bench) -> None:
    """One misfit among many, and none is stored; the pointers name each."""

    @bench.jobs.task
    def add(a: int) -> int:
        return a

    with pytest.raises(InvalidArguments) as caught:
        add.submit_many([{"a": 1}, {"a": "x"}, {"b": 2}])
    assert {e["pointer"] for e in caught.value.errors} == {"#/1/args/a", "#/2/args/a", "#/2/args/b"}
    assert bench.jobs.list() == []
    jobs = add.submit_many({"a": n} for n in range(20))
    assert [bench.finish(job).result for job in jobs] == list(range(20))
    assert add.submit_many([]) == []


@pytest.mark.parametrize("engine", ["manual"])
def test_a_full_backlog_refuses_submissions(engine: str, make_bench: MakeBench) -> None:
    """Up to JOBS_MAX_QUEUED wait; retries are never refused, and there is room again when jobs have run."""
    bench = make_bench(engine, JOBS_MAX_QUEUED=3)
    task = bench.jobs.task("add")(lambda: 1)
    done = bench.run("add")
    task.submit_many([{}, {}])
    with pytest.raises(QueueFull, match="JOBS_MAX_QUEUED"):
        task.submit_many([{}, {}])
    task.options(delay=60).submit()
    with pytest.raises(QueueFull):
        task.submit()
    with pytest.raises(QueueFull):
        task.options(session=bench.db.session).submit()
    bench.db.session.rollback()
    assert bench.jobs.retry(done.id).state == "queued"
    bench.settle()
    assert task.submit().state == "queued"
