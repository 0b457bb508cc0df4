"""What a task sees of its run, and says of it, on every engine."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.errors import JobNotFound
from tests.support import eventually, job_is

from .conftest import MakeBench
from .driver import Bench


def test_current_job_tells_about_the_run(bench: Bench) -> None:
    """Inside a job the proxy is true and has the id, task, args, attempt and queue."""

    @bench.jobs.task("tell", queue="reports")
    def tell(a: int) -> Any:
        job = current_job
        return [bool(job), job.id, job.task, dict(job.args), job.attempt, job.queue, job.stopping]

    job = bench.run("tell", {"a": 1})
    assert job.result == [True, job.id, "tell", {"a": 1}, 1, "reports", False]


def test_outside_a_job_a_task_can_be_tested_as_a_function(bench: Bench) -> None:
    """Progress and check do nothing, track iterates, the rest raises RuntimeError."""

    @bench.jobs.task
    def count(n: int) -> int:
        current_job.progress(0, n)
        current_job.check()
        current_job.log.debug("counting")
        return sum(1 for _ in current_job.track(range(n)))

    assert count(3) == 3
    assert not current_job
    assert current_job.stopping is False
    for name in ("id", "task", "args", "attempt", "queue", "time_left"):
        with pytest.raises(RuntimeError, match=name):
            getattr(current_job, name)


def test_the_last_word_of_progress_is_stored(bench: Bench) -> None:
    """What a task said last is what its job shows."""

    @bench.jobs.task
    def work() -> None:
        current_job.progress(1, 8, "first")
        current_job.progress(6, 8, "last")

    progress = bench.run("work").progress
    assert (progress.current, progress.total, progress.percent, progress.message) == (6, 8, 75.0, "last")


def test_track_says_how_far_it_is(bench: Bench) -> None:
    """The total is the length where there is one; the end of the loop is 100 per cent."""

    @bench.jobs.task
    def work(n: int) -> int:
        return sum(current_job.track(range(n), message="adding"))

    job = bench.run("work", {"n": 5})
    assert (job.result, job.progress.current, job.progress.total, job.progress.percent) == (10, 5, 5, 100.0)


def test_progress_of_an_attempt_does_not_survive_into_the_next(bench: Bench) -> None:
    """A new claim begins at nothing."""

    @bench.jobs.task(max_attempts=2, backoff=0.01)
    def work() -> None:
        if current_job.attempt == 1:
            current_job.progress(5, 10)
            raise OSError

    assert bench.run("work").progress.current == 0


def test_any_progress_message_can_be_stored(bench: Bench) -> None:
    """What a database or JSON refuses is replaced, and what is too long is cut."""
    messages = ["a\0b", "\ud800", "é" * 100_000]
    bench.jobs.task("work")(lambda which: current_job.progress(1, 2, messages[which]))
    for which in range(len(messages)):
        job = bench.run("work", {"which": which})
        assert job.state == "succeeded"
        assert 0 < len(job.progress.message.encode()) <= 1024


def test_progress_takes_numbers(bench: Bench) -> None:
    """Anything else is the task's error."""
    values: list[Any] = ["x", None, float("nan"), 10**400, True]
    bench.jobs.task("work")(lambda which: current_job.progress(values[which]))
    for which in range(len(values)):
        job = bench.run("work", {"which": which})
        assert job.error is not None
        assert job.error["type"] == "TypeError"


def test_a_timeout_is_a_failure_like_any_other(bench: Bench) -> None:
    """Past its timeout the next check raises JobTimeout, which is recorded and tried again."""
    waiting = threading.Event()

    @bench.jobs.task(max_attempts=2, backoff=0.01, timeout=0.02)
    def slow() -> None:
        clock = bench.jobs.runtime.clock
        while (current_job.time_left or 0) > 0:
            waiting.wait(0.005)
            getattr(clock, "advance", lambda _seconds: None)(0.005)
        try:
            current_job.check()
        except Exception:
            return

    job = bench.run("slow")
    assert job.error is not None
    assert (job.state, job.attempt, job.error["type"]) == ("failed", 2, "JobTimeout")


def test_the_timeout_of_a_submission_goes_before_the_tasks(bench: Bench) -> None:
    """`options(timeout=…)` replaces the task's; without either there is no limit."""
    bench.jobs.task("left", timeout=100)(lambda: current_job.time_left)
    bench.jobs.task("none")(lambda: current_job.time_left)
    assert 900 < bench.run("left", timeout=1_000).result <= 1_000
    assert bench.run("none").result is None


def test_a_job_must_not_wait_for_another(bench: Bench) -> None:
    """It would hold a thread of the pool that it waits for: refused."""

    @bench.jobs.task
    def parent() -> str:
        child = bench.jobs.submit("child")
        with pytest.raises(RuntimeError, match="must not wait"):
            bench.jobs.wait(child.id, 1)
        return child.id

    bench.jobs.task("child")(lambda: 1)
    child_id = bench.run("parent").result
    assert bench.finish(bench.jobs.get(child_id)).state == "succeeded"


def test_waiting_for_nothing_raises_and_waiting_ends_in_time(bench: Bench) -> None:
    """An unknown id is JobNotFound; a job that does not end is given back as it is."""
    bench.jobs.task("add")(lambda: 1)
    with pytest.raises(JobNotFound):
        bench.jobs.wait("00000000-0000-7000-8000-000000000000", 0)
    bench.app.config["later"] = bench.jobs.submit("add", delay=1_000)
    job = bench.jobs.wait(bench.app.config["later"].id, 0.05)
    assert job.state == ("succeeded" if bench.engine == "inline" else "scheduled")


def test_a_running_job_can_be_asked_to_stop(make_bench: MakeBench) -> None:
    """`check` and `track` raise at their next step, and the job ends as cancelled."""
    bench = make_bench("thread")
    seen = threading.Event()

    @bench.jobs.task(max_attempts=3)
    def work() -> None:
        for _ in current_job.track(iter(int, 1)):
            seen.set()

    job = bench.jobs.submit("work")
    assert seen.wait(10)
    asked = bench.jobs.cancel(job.id)
    assert (asked.state, asked.cancel_requested_at is None) == ("running", False)
    done = eventually(job_is(bench.jobs, job.id, "cancelled"))
    assert (done.attempt, bench.events(done)[-1]) == (1, "cancelled")


def test_the_return_of_a_task_honours_a_request_to_stop(make_bench: MakeBench) -> None:
    """A task that never looks is cancelled when it returns."""
    bench = make_bench("thread")
    begun, go_on = threading.Event(), threading.Event()

    @bench.jobs.task
    def work() -> int:
        begun.set()
        go_on.wait(10)
        return 7

    job = bench.jobs.submit("work")
    assert begun.wait(10)
    bench.jobs.cancel(job.id)
    go_on.set()
    done = bench.finish(job)
    assert (done.state, done.result) == ("cancelled", None)
