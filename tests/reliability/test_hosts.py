"""Nothing leaks from the caller into a job, or from one job into another (T20, T21, T22)."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from flask import Flask, current_app, g, has_request_context, request
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.jobs import Simmer, current_job

from ..support import eventually

MakeApp = Callable[..., Flask]


def test_sixty_four_jobs_have_contexts_of_their_own(make_app: MakeApp) -> None:
    """From a request, a callback, a schedule and another job: no request, an empty g, no session left."""
    jobs = Simmer()
    seen: list[tuple[bool, int]] = []
    together = threading.Barrier(8)

    @jobs.task
    def look(depth: int = 0, meet: bool = False) -> None:
        if meet:
            together.wait(10)  # eight at once, so that no address is used again
        db = current_app.extensions["sqlalchemy"]
        seen.append((has_request_context(), len(list(g))))
        db.session.execute(db.text("SELECT 1"))
        if depth:
            look.submit(depth=depth - 1)
        g.mine = current_job.id

    app = make_app(jobs, JOBS_THREADS=8)

    @app.post("/look")
    def submit_from_a_request() -> str:
        g.users, _ = "alice", request.get_data()
        return look.submit().id

    with app.app_context():
        for _ in range(8):
            app.test_client().post("/look", data=b"x" * 1000)
        look.submit_many([{"meet": True}] * 8)
        look.submit_many([{"depth": 1}] * 16)
        look.submit_many([{}] * 16)
        jobs.start()
        _until_all_ended(jobs, 64)
        sessions = app.extensions["sqlalchemy"].session.registry.registry
        assert len(sessions) <= 1  # this test's own
    assert len(seen) == 64
    assert all(not has_request and not names for has_request, names in seen)


def test_a_failing_teardown_commits_no_rows_of_another_job(make_app: MakeApp) -> None:
    """One host teardown in three raises after a job left rows uncommitted: no later job commits them."""
    jobs = Simmer()

    @jobs.task
    def leave(number: int) -> None:
        db = current_app.extensions["sqlalchemy"]
        insert = db.text("INSERT INTO notes (text) VALUES (:text)")
        if number % 3 == 0:
            db.session.execute(insert, {"text": f"uncommitted {number}"})
            g.fail = True
        else:
            db.session.execute(insert, {"text": f"committed {number}"})
            db.session.commit()

    app = make_app(jobs, JOBS_THREADS=4)

    @app.teardown_appcontext
    def fail(_error: BaseException | None) -> None:
        if g.get("fail"):
            raise RuntimeError("a host's teardown")

    with app.app_context():
        db = app.extensions["sqlalchemy"]
        db.session.execute(db.text("CREATE TABLE notes (text VARCHAR(50))"))
        db.session.commit()
        leave.submit_many([{"number": number} for number in range(300)])
        jobs.start()
        _until_all_ended(jobs, 300)
        texts = set(db.session.scalars(db.text("SELECT text FROM notes")))
        assert texts == {f"committed {number}" for number in range(300) if number % 3}
        assert jobs.runtime.status.stats()["states"]["succeeded"]["value"] == 300


def test_arguments_are_data(make_app: MakeApp) -> None:
    """What cannot be stored is refused at submission, by the name of the argument."""
    jobs = Simmer()

    @jobs.task
    def take(thing: Any) -> None:
        """Takes anything that is JSON."""

    app = make_app(jobs, JOBS_ENGINE="manual")
    db = app.extensions["sqlalchemy"]

    class Note(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = mapped_column(String(10))

    with app.test_request_context():
        things = [
            Note(text="x"),
            db.session,
            request,
            io.BytesIO(b"x"),
            lambda: 1,
            Future(),
            {1},
            b"x",
            object(),
        ]
        for thing in things:
            with pytest.raises(TypeError, match="thing"):
                take.submit(thing=thing)
        with pytest.raises(TypeError, match=r"thing\.deep\[1\]"):
            take.submit(thing={"deep": [1, {2}]})
        assert jobs.testing.submitted() == []


def _until_all_ended(jobs: Simmer, count: int) -> None:
    def ended() -> bool:
        states = jobs.runtime.status.stats()["states"]
        return bool(sum(states[state]["value"] for state in ("succeeded", "failed")) == count)

    eventually(ended, 30)
