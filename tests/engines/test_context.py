"""Nothing of the caller is in a job, on any engine."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from flask import current_app, g, has_request_context, request

from app.jobs import current_job

from .driver import EngineDriver
from .notes import Note

CALLERS = contextvars.ContextVar("callers", default="nothing")


def _look(driver: EngineDriver) -> Any:
    """What a job finds around itself."""
    return {
        "app": current_app.name,
        "request": has_request_context(),
        "g": list(g),
        "contextvar": CALLERS.get(),
        "session": id(driver.db.session()),
    }


def test_a_job_runs_in_a_fresh_app_context(driver: EngineDriver) -> None:
    """Its own session, an empty g, no request, none of the caller's context variables."""
    g.user = "alice"
    mine = id(driver.db.session())
    token = CALLERS.set("mine")
    driver.jobs.task("look")(lambda: _look(driver))
    found = driver.run("look").result
    CALLERS.reset(token)
    assert found.pop("session") != mine
    assert found == {"app": driver.app.name, "request": False, "g": [], "contextvar": "nothing"}
    assert g.user == "alice"


def test_a_job_submitted_in_a_request_knows_nothing_of_it(driver: EngineDriver) -> None:
    """Neither the request nor what its view put into g."""
    driver.jobs.task("look")(lambda: _look(driver))

    @driver.app.route("/go")
    def go() -> str:
        g.user = request.args["user"]
        return driver.jobs.submit("look").id

    job_id = driver.app.test_client().get("/go?user=alice").text
    found = driver.finish(driver.jobs.get(job_id)).result
    assert (found["request"], found["g"]) == (False, [])


def test_two_runs_have_two_contexts_and_leave_no_session(driver: EngineDriver) -> None:
    """What one run leaves in g or in its session is not there for the next."""

    @driver.jobs.task
    def leave() -> Any:
        found = list(g)
        g.leftover = 1
        driver.db.session.execute(driver.db.text("SELECT 1"))
        return found

    driver.db.session.remove()
    assert [driver.run("leave").result for _ in range(3)] == [[], [], []]
    assert driver.db.session.registry.registry == {}


def test_a_job_can_submit_another(driver: EngineDriver) -> None:
    """The child has its own run; afterwards the parent is the current job again."""
    driver.jobs.task("child")(lambda: current_job.id)

    @driver.jobs.task
    def parent() -> Any:
        child = driver.jobs.submit("child")
        return [child.id, current_job.id]

    job = driver.run("parent")
    child_id, parent_id = job.result
    assert parent_id == job.id
    assert driver.finish(driver.jobs.get(child_id)).result == child_id != parent_id


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_job_did_not_commit_is_gone(driver: EngineDriver, fails: bool) -> None:
    """An open transaction ends with its job, whether that succeeded or failed."""
    db = driver.db

    @driver.jobs.task
    def write() -> None:
        db.session.add(Note(text="not committed"))
        db.session.flush()
        if fails:
            raise ValueError

    assert driver.run("write").state == ("failed" if fails else "succeeded")
    assert db.session.query(Note).count() == 0
