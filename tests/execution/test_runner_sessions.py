"""Whatever a host does with contexts and teardowns, a job's session ends with the job (T21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, current_app, g
from flask.globals import app_ctx

from app.jobs import JobCancelled, Simmer

MakeApp = Callable[..., Flask]


def _leave_a_row(text: str) -> None:
    db = current_app.extensions["sqlalchemy"]
    db.session.execute(db.text("INSERT INTO notes (text) VALUES (:text)"), {"text": text})


def push_a_context() -> None:
    """And never pop it: then the job's own is not the current one when it ends."""
    _leave_a_row("left open")
    current_app.app_context().push()
    g.token = "pushed"


def pop_the_context() -> None:
    """The job's own, as a confused clean-up does."""
    _leave_a_row("left open")
    app_ctx.pop()


def fail_in_teardown() -> None:
    """After a teardown of the host's has opened the session again."""
    _leave_a_row("left open")
    g.fail = True


def break_the_session() -> None:
    """So that closing it raises."""
    _leave_a_row("left open")
    session = current_app.extensions["sqlalchemy"].session()

    def close() -> None:
        type(session).close(session)
        raise RuntimeError("cannot close")

    session.close = close


@pytest.mark.parametrize("misuse", [push_a_context, pop_the_context, fail_in_teardown, break_the_session])
def test_no_row_is_left_to_the_next_job(make_app: MakeApp, misuse: Callable[[], None]) -> None:
    """Every other job misuses its context; the ones between commit, and only what is theirs."""
    jobs = Simmer()
    jobs.task("misuse")(misuse)

    @jobs.task
    def commit() -> None:
        _leave_a_row("committed")
        current_app.extensions["sqlalchemy"].session.commit()

    app = make_app(jobs, JOBS_ENGINE="manual", JOBS_API_PREFIX=None)
    _with_a_teardown_that_fails(app)
    with app.app_context():
        db = app.extensions["sqlalchemy"]
        db.session.execute(db.text("CREATE TABLE notes (text VARCHAR(50))"))
        db.session.remove()
        for _ in range(20):
            jobs.submit("misuse")
            jobs.submit("commit")
        jobs.testing.drain()
        assert db.session.registry.registry == {}
        assert db.engine.pool.checkedout() == 0
        texts = db.session.scalars(db.text("SELECT text FROM notes")).all()
        assert texts == ["committed"] * 20
        assert {job.state for job in jobs.testing.submitted()} == {"succeeded"}


def test_a_teardown_finds_what_it_would_after_a_request(make_app: MakeApp) -> None:
    """Its session is still open, so that a host may commit there, and it is told what the task raised."""
    jobs = Simmer()
    told: list[BaseException | None] = []

    @jobs.task
    def write() -> None:
        _leave_a_row("for the teardown to commit")

    @jobs.task
    def fail() -> None:
        _leave_a_row("not to be committed")
        raise ValueError("no")

    @jobs.task
    def stop() -> None:
        raise JobCancelled("enough")

    app = make_app(jobs, JOBS_ENGINE="manual", JOBS_API_PREFIX=None)
    with app.app_context():
        db = app.extensions["sqlalchemy"]
        db.session.execute(db.text("CREATE TABLE notes (text VARCHAR(50))"))
        db.session.remove()
        done = [jobs.submit(name) for name in ("write", "fail", "stop")]

        @app.teardown_appcontext
        def commit_unless_failed(error: BaseException | None) -> None:
            told.append(error)
            if error is None:
                db.session.commit()

        jobs.testing.drain()
        assert [jobs.get(job.id).state for job in done] == ["succeeded", "failed", "cancelled"]
        assert [type(error) for error in told] == [type(None), ValueError, JobCancelled]
        assert db.session.scalars(db.text("SELECT text FROM notes")).all() == ["for the teardown to commit"]


def _with_a_teardown_that_fails(app: Flask) -> None:
    @app.teardown_appcontext
    def fail(_error: Any) -> None:
        if g.get("fail"):
            _leave_a_row("from a teardown")
            raise RuntimeError("a host's teardown")
