"""What a task sees of its run, and says of it, on every engine."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.errors import JobNotFound
from tests.support import eventually, job_is

from .conftest import MakeDriver
from .driver import EngineDriver


def is_over(driver: EngineDriver) -> bool:
    """Whether the current job has no time left; where the clock is a test's it is moved."""
    getattr(driver.jobs.runtime.clock, "advance", lambda _seconds: None)(0.005)
    return (current_job.time_left or 0) < 0


def test_current_job_tells_about_the_run(driver: EngineDriver) -> None:
    """Inside a job the proxy is true and has the id, task, args, attempt and queue."""

    @driver.jobs.task("tell", queue="reports")
    def tell(a: int) -> Any:
        job = current_job
        return [bool(job), job.id, job.task, dict(job.args), job.attempt, job.queue, job.stopping]

    job = driver.run("tell", {"a": 1})
    assert job.result == [True, job.id, "tell", {"a": 1}, 1, "reports", False]


def test_outside_a_job_a_task_can_be_tested_as_a_function(driver: EngineDriver) -> None:
    """Progress, emit and check do nothing, track iterates, the rest raises RuntimeError."""

    @driver.jobs.task
    def count(n: int) -> int:
        current_job.progress(0, n)
        current_job.emit({"n": n})
        current_job.check()
        current_job.log.debug("counting")
        return sum(1 for _ in current_job.track(range(n)))

    assert count(3) == 3
    assert not current_job
    assert current_job.stopping is False
    for name in ("id", "task", "args", "attempt", "queue", "time_left"):
        with pytest.raises(RuntimeError, match=name):
            getattr(current_job, name)


def test_the_last_word_of_progress_is_stored(driver: EngineDriver) -> None:
    """What a task said last is what its job shows."""

    @driver.jobs.task
    def work() -> None:
        current_job.progress(1, 8, "first")
        current_job.progress(6, 8, "last")

    progress = driver.run("work").progress
    assert (progress.current, progress.total, progress.percent, progress.message) == (6, 8, 75.0, "last")


def test_progress_may_have_data(driver: EngineDriver) -> None:
    """Any JSON of up to 4 KiB is shown as it was then, and the next report is another one."""

    @driver.jobs.task
    def work(again: bool) -> None:
        rows = ["first"]
        current_job.progress(1, data={"rows": rows})
        rows.append("late")
        for wrong in ({"a": {1}}, {"a": float("nan")}, "x" * 4_095):
            with pytest.raises((TypeError, ValueError), match=r"^data"):
                current_job.progress(2, data=wrong)
        if again:
            current_job.progress(2)

    assert driver.run("work", {"again": False}).progress.data == {"rows": ["first"]}
    assert driver.run("work", {"again": True}).progress.data is None


def test_meta_goes_with_the_job(driver: EngineDriver) -> None:
    """What a submission gives is what the job shows and what its task sees; without it it is empty."""

    @driver.jobs.task
    def tell() -> Any:
        return dict(current_job.meta)

    meta = {"tenant": {"id": 7}, "naïve": True}
    job = driver.run("tell", meta=meta)
    assert (job.meta, job.result) == (meta, meta)
    assert (driver.run("tell").meta, driver.run("tell").result) == ({}, {})


def test_track_says_how_far_it_is(driver: EngineDriver) -> None:
    """The total is the length where there is one; the end of the loop is 100 per cent."""

    @driver.jobs.task
    def work(n: int) -> int:
        return sum(current_job.track(range(n), message="adding"))

    job = driver.run("work", {"n": 5})
    assert (job.result, job.progress.current, job.progress.total, job.progress.percent) == (10, 5, 5, 100.0)


def test_progress_of_an_attempt_does_not_survive_into_the_next(driver: EngineDriver) -> None:
    """A new claim begins at nothing."""

    @driver.jobs.task(max_attempts=2, backoff=0.01)
    def work() -> None:
        if current_job.attempt == 1:
            current_job.progress(5, 10)
            raise OSError

    assert driver.run("work").progress.current == 0


def test_any_progress_message_can_be_stored(driver: EngineDriver) -> None:
    """What a database or JSON refuses is replaced, and what is too long is cut."""
    messages = ["a\0b", "\ud800", "é" * 100_000]
    driver.jobs.task("work")(lambda which: current_job.progress(1, 2, messages[which]))
    for which in range(len(messages)):
        job = driver.run("work", {"which": which})
        assert job.state == "succeeded"
        assert 0 < len(job.progress.message.encode()) <= 1024


def test_progress_takes_numbers(driver: EngineDriver) -> None:
    """Anything else is the task's error."""
    values: list[Any] = ["x", None, float("nan"), 10**400, True]
    driver.jobs.task("work")(lambda which: current_job.progress(values[which]))
    for which in range(len(values)):
        job = driver.run("work", {"which": which})
        assert job.error is not None
        assert job.error["type"] == "TypeError"


def test_a_timeout_is_a_failure_like_any_other(driver: EngineDriver) -> None:
    """Past its timeout the next check raises JobTimeout, which is recorded and tried again."""

    @driver.jobs.task(max_attempts=2, backoff=0.01, timeout=0.02)
    def slow() -> None:
        eventually(lambda: is_over(driver))
        try:
            current_job.check()
        except Exception:
            return

    job = driver.run("slow")
    assert job.error is not None
    assert (job.state, job.attempt, job.error["type"]) == ("failed", 2, "JobTimeout")
    assert "overran" not in driver.events(job)


def test_a_timeout_that_nobody_noticed_leaves_a_trace(
    driver: EngineDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """The result is kept; the job's events and the log say how far it went beyond its time."""

    @driver.jobs.task(timeout=0.2)
    def deaf() -> str:
        eventually(lambda: is_over(driver))
        return "kept"

    job = driver.run("deaf")
    assert (job.state, job.result) == ("succeeded", "kept")
    overran, succeeded = driver.jobs.runtime.jobs.events(job.id)[-2:]
    assert (overran["type"], overran["from"], overran["to"]) == ("overran", "running", "running")
    assert (overran["attempt"], overran["worker"], overran["at"]) == (1, job.worker, job.finished_at)
    assert re.fullmatch(r"\d\.\d{3} s beyond its timeout of 0\.2 s", overran["reason"])
    assert succeeded["type"] == "succeeded"
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning == f"job {job.id} (deaf): ended {overran['reason']}"


def test_the_timeout_of_a_submission_goes_before_the_tasks(driver: EngineDriver) -> None:
    """`options(timeout=…)` replaces the task's; without either there is no limit."""
    driver.jobs.task("left", timeout=100)(lambda: current_job.time_left)
    driver.jobs.task("none")(lambda: current_job.time_left)
    assert 900 < driver.run("left", timeout=1_000).result <= 1_000
    assert driver.run("none").result is None


def test_a_job_must_not_wait_for_another(driver: EngineDriver) -> None:
    """It would hold a thread of the pool that it waits for: refused."""

    @driver.jobs.task
    def parent() -> str:
        child = driver.jobs.submit("child")
        with pytest.raises(RuntimeError, match="must not wait"):
            driver.jobs.wait(child.id, 1)
        return child.id

    driver.jobs.task("child")(lambda: 1)
    child_id = driver.run("parent").result
    assert driver.finish(driver.jobs.get(child_id)).state == "succeeded"


def test_waiting_for_nothing_raises_and_waiting_ends_in_time(driver: EngineDriver) -> None:
    """An unknown id is JobNotFound; a job that does not end is given back as it is."""
    driver.jobs.task("add")(lambda: 1)
    with pytest.raises(JobNotFound):
        driver.jobs.wait("00000000-0000-7000-8000-000000000000", 0)
    driver.app.config["later"] = driver.jobs.submit("add", delay=1_000)
    job = driver.jobs.wait(driver.app.config["later"].id, 0.05)
    assert job.state == ("succeeded" if driver.engine == "inline" else "scheduled")


def test_a_running_job_can_be_asked_to_stop(make_driver: MakeDriver) -> None:
    """`check` and `track` raise at their next step, and the job ends as cancelled."""
    driver = make_driver("thread")
    seen = threading.Event()

    @driver.jobs.task(max_attempts=3)
    def work() -> None:
        for _ in current_job.track(iter(int, 1)):
            seen.set()

    job = driver.jobs.submit("work")
    assert seen.wait(10)
    asked = driver.jobs.cancel(job.id)
    assert (asked.state, asked.cancel_requested_at is None) == ("running", False)
    done = eventually(job_is(driver.jobs, job.id, "cancelled"))
    assert (done.attempt, driver.events(done)[-1]) == (1, "cancelled")


def test_the_return_of_a_task_honours_a_request_to_stop(make_driver: MakeDriver) -> None:
    """A task that never looks is cancelled when it returns."""
    driver = make_driver("thread")
    begun, go_on = threading.Event(), threading.Event()

    @driver.jobs.task
    def work() -> int:
        begun.set()
        go_on.wait(10)
        return 7

    job = driver.jobs.submit("work")
    assert begun.wait(10)
    driver.jobs.cancel(job.id)
    go_on.set()
    done = driver.finish(job)
    assert (done.state, done.result) == ("cancelled", None)
