"""Nothing of the caller is in a job, on any engine."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from flask import current_app, g, has_request_context, request

from app.jobs import current_job

from .driver import Bench

CALLERS = contextvars.ContextVar("callers", default="nothing")


def _look(bench: Bench) -> Any:
    """What a job finds around itself."""
    return {
        "app": current_app.name,
        "request": has_request_context(),
        "g": list(g),
        "contextvar": CALLERS.get(),
        "session": id(bench.db.session()),
    }


def test_a_job_runs_in_a_fresh_app_context(bench: Bench) -> None:
    """Its own session, an empty g, no request, none of the caller's context variables."""
    g.user = "alice"
    mine = id(bench.db.session())
    token = CALLERS.set("mine")
    bench.jobs.task("look")(lambda: _look(bench))
    found = bench.run("look").result
    CALLERS.reset(token)
    assert found.pop("session") != mine
    assert found == {"app": bench.app.name, "request": False, "g": [], "contextvar": "nothing"}
    assert g.user == "alice"


def test_a_job_submitted_in_a_request_knows_nothing_of_it(bench: Bench) -> None:
    """Neither the request nor what its view put into g."""
    bench.jobs.task("look")(lambda: _look(bench))

    @bench.app.route("/go")
    def go() -> str:
        g.user = request.args["user"]
        return bench.jobs.submit("look").id

    job_id = bench.app.test_client().get("/go?user=alice").text
    found = bench.finish(bench.jobs.get(job_id)).result
    assert (found["request"], found["g"]) == (False, [])


def test_two_runs_have_two_contexts_and_leave_no_session(bench: Bench) -> None:
    """What one run leaves in g or in its session is not there for the next."""

    @bench.jobs.task
    def leave() -> Any:
        found = list(g)
        g.leftover = 1
        bench.db.session.execute(bench.db.text("SELECT 1"))
        return found

    bench.db.session.remove()
    assert [bench.run("leave").result for _ in range(3)] == [[], [], []]
    assert bench.db.session.registry.registry == {}


def test_a_job_can_submit_another(bench: Bench) -> None:
    """The child has its own run; afterwards the parent is the current job again."""
    bench.jobs.task("child")(lambda: current_job.id)

    @bench.jobs.task
    def parent() -> Any:
        child = bench.jobs.submit("child")
        return [child.id, current_job.id]

    job = bench.run("parent")
    child_id, parent_id = job.result
    assert parent_id == job.id
    assert bench.finish(bench.jobs.get(child_id)).result == child_id != parent_id


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_job_did_not_commit_is_gone(bench: Bench, fails: bool) -> None:
    """An open transaction ends with its job, whether that succeeded or failed."""
    db = bench.db

    class Note(db.Model):  # type: ignore[misc, name-defined]
        id = db.mapped_column(db.Integer, primary_key=True)
        text = db.mapped_column(db.String)

    Note.__table__.create(db.engine)

    @bench.jobs.task
    def write() -> None:
        db.session.add(Note(text="not committed"))
        db.session.flush()
        if fails:
            raise ValueError

    assert bench.run("write").state == ("failed" if fails else "succeeded")
    assert db.session.query(Note).count() == 0
