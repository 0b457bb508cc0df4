"""Durable steps and sleeps, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs import OpenTransaction, Snooze, current_job

from .conftest import MakeDriver
from .driver import EngineDriver
from .notes import Note


def test_an_attempt_goes_on_after_its_last_finished_step(driver: EngineDriver) -> None:
    """A failure, a snooze and a sleep do nothing again; a step that raised is."""
    calls: list[str] = []

    def do(name: str) -> str:
        calls.append(name)
        if name == "three" and current_job.attempt == 1:
            raise OSError
        return name

    @driver.jobs.task("work", max_attempts=2, backoff=0.01)
    def work() -> Any:
        done = [current_job.step("one", do, "one")]
        if calls == ["one"]:
            calls.append("snooze")
            return Snooze(0)
        done.append(current_job.step("two", do, name="two"))
        current_job.sleep(0.01)
        return [*done, current_job.step("three", do, "three")]

    job = driver.run("work")
    assert (job.state, job.result) == ("succeeded", ["one", "two", "three"])
    assert calls == ["one", "snooze", "two", "three", "three"]
    outcomes = [(1, 1, "snoozed"), (2, 1, "snoozed"), (3, 1, "failed"), (4, 2, "succeeded")]
    assert driver.outcomes(job) == outcomes
    by_name = {(step.kind, step.name): step for step in driver.jobs.steps(job.id)}
    assert {key: step.run for key, step in by_name.items()} == {
        ("step", "one"): 1, ("step", "two"): 2, ("sleep", "1"): 2, ("step", "three"): 4,
    }  # fmt: skip
    assert {step.state for step in by_name.values()} == {"succeeded"}


def test_an_operators_retry_keeps_the_steps_of_what_failed(driver: EngineDriver) -> None:
    """A job that succeeded begins anew."""
    calls: list[str] = []

    @driver.jobs.task("work")
    def work() -> None:
        current_job.step("one", calls.append, "one")
        if len(calls) == 1 and not fixed:
            raise ValueError

    fixed: list[bool] = []
    job = driver.run("work")
    assert job.state == "failed"
    fixed.append(True)
    job = driver.finish(driver.jobs.retry(job.id))
    assert (job.state, calls) == ("succeeded", ["one"])
    assert driver.finish(driver.jobs.retry(job.id)).state == "succeeded"
    assert calls == ["one", "one"]


@pytest.mark.parametrize("value", [{1}, "x" * 200])
def test_a_step_that_cannot_be_stored_fails_its_job_for_good(make_driver: MakeDriver, value: Any) -> None:
    """What it did would be done at each attempt."""
    driver = make_driver("manual", JOBS_MAX_RESULT_BYTES=100)
    driver.jobs.task("work", max_attempts=5)(lambda: current_job.step("one", lambda: value))
    job = driver.run("work")
    assert (job.state, job.attempt) == ("failed", 1)
    assert job.error is not None
    assert "the step 'one'" in job.error["message"]


def test_an_open_session_is_found_before_the_step_is_done(driver: EngineDriver) -> None:
    """It holds the lock that is needed to store the step: it says so, and does not wait for itself."""
    calls: list[int] = []

    @driver.jobs.task("work")
    def work(inside: bool) -> None:
        if inside:
            current_job.step("one", write)
        write()
        current_job.step("two", calls.append, 2)

    def write() -> None:
        driver.db.session.add(Note())
        driver.db.session.flush()

    for inside in (True, False):
        job = driver.run("work", {"inside": inside})
        assert job.error is not None
        assert (job.error["type"], calls) == (OpenTransaction.__name__, [])
        assert "commit first" in job.error["message"]


def test_outside_a_job_a_step_is_a_call(driver: EngineDriver) -> None:
    """And a sleep nothing, so that a task can be tested as a function."""
    assert current_job.step("one", max, 1, 2) == 2
    assert current_job.step("one", dict, a=1) == {"a": 1}
    current_job.sleep(3_600)


def test_a_sleeping_job_can_be_cancelled(make_driver: MakeDriver) -> None:
    """It is a scheduled job; retried, it sleeps for what is left."""
    driver = make_driver("manual")
    driver.jobs.task("nap")(lambda: current_job.sleep(60))
    job = driver.jobs.submit("nap")
    driver.settle()
    assert driver.jobs.get(job.id).state == "scheduled"
    assert driver.jobs.cancel(job.id).state == "cancelled"
    driver.jobs.testing.advance(20)
    driver.jobs.retry(job.id)
    driver.settle()
    again = driver.jobs.get(job.id)
    assert (again.state, (again.run_at - driver.jobs.runtime.clock.now()).total_seconds()) == (
        "scheduled",
        40,
    )
    assert [step.state for step in driver.jobs.steps(job.id)] == ["sleeping"]
    assert driver.finish(again).state == "succeeded"
