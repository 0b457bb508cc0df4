"""How attempts end and begin again, on every engine."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from app.jobs import Cancel, JobCancelled, JobTimeout, Snooze, current_job
from app.jobs.errors import InvalidState

from ..support import eventually
from .conftest import MakeDriver
from .driver import EngineDriver


def test_an_exception_fails_the_attempt(driver: EngineDriver) -> None:
    """Without attempts left the job is failed, with the type and message of what was raised."""

    @driver.jobs.task
    def fail() -> None:
        raise ValueError("no such month")

    job = driver.run("fail")
    assert (job.state, job.attempt, job.result) == ("failed", 1, None)
    assert job.error == {"type": "ValueError", "message": "no such month"}
    (attempt,) = driver.jobs.runtime.jobs.attempts(job.id)
    assert 'raise ValueError("no such month")' in attempt["error"]["traceback"]


def test_a_job_is_tried_again_until_it_succeeds(driver: EngineDriver) -> None:
    """Each attempt has its row and its event; the error of the failed ones is gone after the success."""

    @driver.jobs.task(max_attempts=5, backoff=0.01)
    def flaky() -> int:
        if current_job.attempt < 3:
            raise OSError("try again")
        return current_job.attempt

    job = driver.run("flaky")
    assert (job.state, job.result, job.attempt, job.error) == ("succeeded", 3, 3, None)
    assert driver.outcomes(job) == [(1, 1, "failed"), (2, 2, "failed"), (3, 3, "succeeded")]
    assert driver.events(job) == ["submitted"] + 2 * ["claimed", "retrying"] + ["claimed", "succeeded"]


def test_a_job_fails_when_its_attempts_are_spent(driver: EngineDriver) -> None:
    """max_attempts counts the first run."""

    @driver.jobs.task(max_attempts=2, backoff=0.01)
    def fail() -> None:
        raise OSError(f"attempt {current_job.attempt}")

    job = driver.run("fail")
    assert (job.state, job.attempt, job.error) == (
        "failed",
        2,
        {"type": "OSError", "message": "attempt 2"},
    )


def test_only_what_retry_on_names_is_tried_again(driver: EngineDriver) -> None:
    """Another exception ends the job at its first attempt."""

    @driver.jobs.task(max_attempts=3, backoff=0.01, retry_on=(OSError,))
    def fail(kind: str) -> None:
        raise {"OSError": ConnectionError, "ValueError": ValueError}[kind]()

    assert driver.run("fail", {"kind": "ValueError"}).attempt == 1
    assert driver.run("fail", {"kind": "OSError"}).attempt == 3


def test_what_never_on_names_is_never_tried_again(driver: EngineDriver) -> None:
    """It wins over retry_on, for subclasses too, and for a timeout."""

    @driver.jobs.task(max_attempts=3, backoff=0.01, retry_on=OSError, never_on=(PermissionError,))
    def fail(kind: str) -> None:
        raise {"OSError": ConnectionError, "PermissionError": PermissionError}[kind]()

    @driver.jobs.task(max_attempts=3, backoff=0.01, never_on=JobTimeout)
    def late() -> None:
        raise JobTimeout("ran past its timeout")

    assert driver.run("fail", {"kind": "PermissionError"}).attempt == 1
    assert driver.run("fail", {"kind": "OSError"}).attempt == 3
    assert driver.run("late").attempt == 1


def test_backoff_may_be_a_function_of_the_attempt(driver: EngineDriver) -> None:
    """It is asked with the number of the attempt that has just failed."""
    asked: list[int] = []

    def backoff(attempt: int) -> float:
        asked.append(attempt)
        return 0.01

    @driver.jobs.task(max_attempts=3, backoff=backoff)
    def fail() -> None:
        raise OSError

    driver.run("fail")
    assert asked == [1, 2]


def test_a_backoff_that_raises_does_not_stop_the_job(driver: EngineDriver) -> None:
    """The exponential one takes its place, and the job goes on to its end."""

    def broken(attempt: int) -> float:
        raise RuntimeError("boom")

    @driver.jobs.task(max_attempts=2, backoff=broken)
    def fail() -> None:
        raise OSError

    job = driver.jobs.submit("fail")
    if driver.engine == "thread":
        eventually(lambda: driver.jobs.get(job.id).state == "retrying")
    else:
        assert driver.finish(job).attempt == 2


def test_a_snooze_spends_no_attempt(driver: EngineDriver) -> None:
    """The runs after a snooze have the same attempt number; each run has its row."""
    runs: list[int] = []

    @driver.jobs.task(max_attempts=2, backoff=0.01)
    def nap() -> Any:
        runs.append(current_job.attempt)
        if len(runs) <= 2:
            return Snooze(0.01)
        if len(runs) == 3:
            raise OSError
        return "rested"

    job = driver.run("nap")
    assert (job.state, job.attempt, runs) == ("succeeded", 2, [1, 1, 1, 2])
    assert driver.outcomes(job) == [
        (1, 1, "snoozed"), (2, 1, "snoozed"), (3, 1, "failed"), (4, 2, "succeeded"),
    ]  # fmt: skip


def test_a_snooze_that_cannot_be_fails_the_attempt(driver: EngineDriver) -> None:
    """A snooze of no sensible length is the task's error, and the worker goes on."""
    naps: list[Any] = [float("inf"), float("nan"), 1e12, "soon", None, True, -5]
    driver.jobs.task("nap")(lambda which: Snooze(naps[which]))
    for which in range(len(naps)):
        job = driver.run("nap", {"which": which})
        assert (job.state, job.error and job.error["type"]) == ("failed", "ValueError"), naps[which]


def test_a_snooze_is_never_shorter_than_a_tenth_of_a_second(make_driver: Any) -> None:
    """Else the job would be claimed and put back in a circle."""
    driver = make_driver("manual")
    driver.jobs.task("nap")(lambda: Snooze(0))
    job = driver.jobs.submit("nap")
    assert driver.jobs.testing.drain() == 1
    napping = driver.jobs.get(job.id)
    assert napping.state == "scheduled"
    assert napping.run_at - driver.jobs.runtime.clock.now() == timedelta(seconds=0.1)


def test_a_task_may_end_its_job_as_cancelled(driver: EngineDriver) -> None:
    """`return Cancel(why)` is final and spends no further attempt; the reason is in the event."""
    driver.jobs.task("stop", max_attempts=3)(lambda: Cancel("nothing to do"))
    job = driver.run("stop")
    assert (job.state, job.attempt, job.error) == ("cancelled", 1, None)
    assert driver.jobs.runtime.jobs.events(job.id)[-1]["reason"] == "nothing to do"


def test_any_reason_for_a_cancel_can_be_stored(driver: EngineDriver) -> None:
    """What a database refuses is replaced, and what is too long is cut."""
    reasons = ["a\0b", "\ud800", "x" * 100_000]
    driver.jobs.task("stop")(lambda which: Cancel(reasons[which]))
    for which in range(len(reasons)):
        job = driver.run("stop", {"which": which})
        assert job.state == "cancelled"
        assert 0 < len(driver.jobs.runtime.jobs.events(job.id)[-1]["reason"]) <= 65_536


def test_except_exception_does_not_swallow_a_cancellation(driver: EngineDriver) -> None:
    """JobCancelled passes an `except Exception` of the task's and ends the job as cancelled."""

    @driver.jobs.task(max_attempts=3)
    def stop() -> None:
        try:
            raise JobCancelled("enough")
        except Exception:
            return None

    assert driver.run("stop").state == "cancelled"


def test_an_operators_retry_goes_on_counting(driver: EngineDriver) -> None:
    """It keeps the id and the history, and allows one more attempt."""
    driver.jobs.task("fail", max_attempts=2, backoff=0.01)(lambda: 1 / 0)
    job = driver.run("fail")
    driver.jobs.retry(job.id)
    again = driver.finish(job)
    assert (again.id, again.state, again.attempt, again.max_attempts) == (job.id, "failed", 3, 3)
    assert driver.outcomes(job) == [(1, 1, "failed"), (2, 2, "failed"), (3, 3, "failed")]
    assert driver.events(again)[-3:] == ["retried", "claimed", "failed"]


def test_an_operators_retry_runs_a_success_and_a_cancelled_job_again(driver: EngineDriver) -> None:
    """Every final state can be retried; the error of before is gone after the success."""
    driver.jobs.task("add", max_attempts=3)(lambda: 1)
    job = driver.run("add")
    driver.jobs.retry(job.id)
    again = driver.finish(job)
    assert (again.state, again.attempt, again.max_attempts, again.error) == ("succeeded", 2, 3, None)


def test_only_a_final_job_can_be_retried_or_deleted(make_driver: MakeDriver) -> None:
    """A job that waits is refused, and the message says what it is."""
    driver = make_driver("manual")
    driver.jobs.task("add")(lambda: 1)
    job = driver.jobs.submit("add")
    for verb in (driver.jobs.retry, driver.jobs.delete):
        with pytest.raises(InvalidState, match="queued"):
            verb(job.id)


def test_a_backoff_that_exits_costs_no_attempt(make_driver: MakeDriver) -> None:
    """Whatever it raises, the failure is the task's, and the attempts that are left stay."""
    driver = make_driver("manual")

    @driver.jobs.task("fail", max_attempts=3, backoff=lambda attempt: sys.exit(3))
    def fail() -> None:
        raise ValueError("the task's own")

    job = fail.submit()
    driver.jobs.testing.drain()
    found = driver.jobs.get(job.id)
    assert (found.state, found.error and found.error["type"]) == ("retrying", "ValueError")
