"""How attempts end and begin again, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.jobs import Cancel, JobCancelled, Snooze, current_job
from app.jobs.errors import InvalidState

from ..support import eventually
from .driver import Bench


def test_an_exception_fails_the_attempt(bench: Bench) -> None:
    """Without attempts left the job is failed, with the type and message of what was raised."""

    @bench.jobs.task
    def fail() -> None:
        raise ValueError("no such month")

    job = bench.run("fail")
    assert (job.state, job.attempt, job.result) == ("failed", 1, None)
    assert job.error == {"type": "ValueError", "message": "no such month"}
    (attempt,) = bench.jobs.runtime.jobs.attempts(job.id)
    assert 'raise ValueError("no such month")' in attempt["error"]["traceback"]


def test_a_job_is_tried_again_until_it_succeeds(bench: Bench) -> None:
    """Each attempt has its row and its event; the error of the failed ones is gone after the success."""

    @bench.jobs.task(max_attempts=5, backoff=0.01)
    def flaky() -> int:
        if current_job.attempt < 3:
            raise OSError("try again")
        return current_job.attempt

    job = bench.run("flaky")
    assert (job.state, job.result, job.attempt, job.error) == ("succeeded", 3, 3, None)
    assert bench.outcomes(job) == [(1, 1, "failed"), (2, 2, "failed"), (3, 3, "succeeded")]
    assert bench.events(job) == ["submitted"] + 2 * ["claimed", "retrying"] + ["claimed", "succeeded"]


def test_a_job_fails_when_its_attempts_are_spent(bench: Bench) -> None:
    """max_attempts counts the first run."""

    @bench.jobs.task(max_attempts=2, backoff=0.01)
    def fail() -> None:
        raise OSError(f"attempt {current_job.attempt}")

    job = bench.run("fail")
    assert (job.state, job.attempt, job.error) == (
        "failed",
        2,
        {"type": "OSError", "message": "attempt 2"},
    )


def test_only_what_retry_on_names_is_tried_again(bench: Bench) -> None:
    """Another exception ends the job at its first attempt."""

    @bench.jobs.task(max_attempts=3, backoff=0.01, retry_on=(OSError,))
    def fail(kind: str) -> None:
        raise {"OSError": ConnectionError, "ValueError": ValueError}[kind]()

    assert bench.run("fail", {"kind": "ValueError"}).attempt == 1
    assert bench.run("fail", {"kind": "OSError"}).attempt == 3


def test_backoff_may_be_a_function_of_the_attempt(bench: Bench) -> None:
    """It is asked with the number of the attempt that has just failed."""
    asked: list[int] = []

    def backoff(attempt: int) -> float:
        asked.append(attempt)
        return 0.01

    @bench.jobs.task(max_attempts=3, backoff=backoff)
    def fail() -> None:
        raise OSError

    bench.run("fail")
    assert asked == [1, 2]


def test_a_backoff_that_raises_does_not_stop_the_job(bench: Bench) -> None:
    """The exponential one takes its place, and the job goes on to its end."""

    def broken(attempt: int) -> float:
        raise RuntimeError("boom")

    @bench.jobs.task(max_attempts=2, backoff=broken)
    def fail() -> None:
        raise OSError

    job = bench.jobs.submit("fail")
    if bench.engine == "thread":
        eventually(lambda: bench.jobs.get(job.id).state == "retrying")
    else:
        assert bench.finish(job).attempt == 2


def test_a_snooze_spends_no_attempt(bench: Bench) -> None:
    """The runs after a snooze have the same attempt number; each run has its row."""
    runs: list[int] = []

    @bench.jobs.task(max_attempts=2, backoff=0.01)
    def nap() -> Any:
        runs.append(current_job.attempt)
        if len(runs) <= 2:
            return Snooze(0.01)
        if len(runs) == 3:
            raise OSError
        return "rested"

    job = bench.run("nap")
    assert (job.state, job.attempt, runs) == ("succeeded", 2, [1, 1, 1, 2])
    assert bench.outcomes(job) == [
        (1, 1, "snoozed"), (2, 1, "snoozed"), (3, 1, "failed"), (4, 2, "succeeded"),
    ]  # fmt: skip


def test_a_snooze_that_cannot_be_fails_the_attempt(bench: Bench) -> None:
    """A snooze of no sensible length is the task's error, and the worker goes on."""
    naps: list[Any] = [float("inf"), float("nan"), 1e12, "soon", None, True, -5]
    bench.jobs.task("nap")(lambda which: Snooze(naps[which]))
    for which in range(len(naps)):
        job = bench.run("nap", {"which": which})
        assert (job.state, job.error and job.error["type"]) == ("failed", "ValueError"), naps[which]


def test_a_snooze_is_never_shorter_than_a_tenth_of_a_second(make_bench: Any) -> None:
    """Else the job would be claimed and put back in a circle."""
    bench = make_bench("manual")
    bench.jobs.task("nap")(lambda: Snooze(0))
    job = bench.jobs.submit("nap")
    assert bench.jobs.testing.drain() == 1
    napping = bench.jobs.get(job.id)
    assert napping.state == "scheduled"
    assert napping.run_at - bench.jobs.runtime.clock.now() == timedelta(seconds=0.1)


def test_a_task_may_end_its_job_as_cancelled(bench: Bench) -> None:
    """`return Cancel(why)` is final and spends no further attempt; the reason is in the event."""
    bench.jobs.task("stop", max_attempts=3)(lambda: Cancel("nothing to do"))
    job = bench.run("stop")
    assert (job.state, job.attempt, job.error) == ("cancelled", 1, None)
    assert bench.jobs.runtime.jobs.events(job.id)[-1]["reason"] == "nothing to do"


def test_any_reason_for_a_cancel_can_be_stored(bench: Bench) -> None:
    """What a database refuses is replaced, and what is too long is cut."""
    reasons = ["a\0b", "\ud800", "x" * 100_000]
    bench.jobs.task("stop")(lambda which: Cancel(reasons[which]))
    for which in range(len(reasons)):
        job = bench.run("stop", {"which": which})
        assert job.state == "cancelled"
        assert 0 < len(bench.jobs.runtime.jobs.events(job.id)[-1]["reason"]) <= 65_536


def test_except_exception_does_not_swallow_a_cancellation(bench: Bench) -> None:
    """JobCancelled passes an `except Exception` of the task's and ends the job as cancelled."""

    @bench.jobs.task(max_attempts=3)
    def stop() -> None:
        try:
            raise JobCancelled("enough")
        except Exception:
            return None

    assert bench.run("stop").state == "cancelled"


def test_an_operators_retry_goes_on_counting(bench: Bench) -> None:
    """It keeps the id and the history, and allows one more attempt."""
    bench.jobs.task("fail", max_attempts=2, backoff=0.01)(lambda: 1 / 0)
    job = bench.run("fail")
    bench.jobs.retry(job.id)
    again = bench.finish(job)
    assert (again.id, again.state, again.attempt, again.max_attempts) == (job.id, "failed", 3, 3)
    assert bench.outcomes(job) == [(1, 1, "failed"), (2, 2, "failed"), (3, 3, "failed")]
    assert bench.events(again)[-3:] == ["retried", "claimed", "failed"]


def test_an_operators_retry_runs_a_success_and_a_cancelled_job_again(bench: Bench) -> None:
    """Every final state can be retried; the error of before is gone after the success."""
    bench.jobs.task("add", max_attempts=3)(lambda: 1)
    job = bench.run("add")
    bench.jobs.retry(job.id)
    again = bench.finish(job)
    assert (again.state, again.attempt, again.max_attempts, again.error) == ("succeeded", 2, 3, None)


def test_only_a_final_job_can_be_retried_or_deleted(make_bench: Any) -> None:
    """A job that waits is refused, and the message says what it is."""
    bench = make_bench("manual")
    bench.jobs.task("add")(lambda: 1)
    job = bench.jobs.submit("add")
    for verb in (bench.jobs.retry, bench.jobs.delete):
        with pytest.raises(InvalidState, match="queued"):
            verb(job.id)
