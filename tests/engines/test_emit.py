"""The data that tasks emit, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.jobs import current_job

from .driver import EngineDriver


def emitted(driver: EngineDriver, job_id: str) -> list[Any]:
    """The data of a job that has ended, as a stream shows it."""
    return [event.data for event in driver.jobs.stream(job_id) if event.type == "data"]


def test_what_a_task_emits_is_kept(driver: EngineDriver) -> None:
    """Of each of its attempts and of its threads, in order, as it was when it was emitted."""

    @driver.jobs.task(max_attempts=2, backoff=0)
    def work() -> None:
        rows = ["first"]
        current_job.emit({"attempt": current_job.attempt, "rows": rows})
        rows.append("late")
        current_job.thread(lambda: current_job.emit(None)).join()
        if current_job.attempt == 1:
            raise OSError

    expected: list[Any] = []
    for attempt in (1, 2):
        expected += [{"attempt": attempt, "rows": ["first"]}, None]
    job = driver.run("work")
    assert (job.state, emitted(driver, job.id)) == ("succeeded", expected)
    driver.jobs.delete(job.id)
    with driver.jobs.runtime.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM simmer_emitted").scalar_one() == 0


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: {"a": {1}}, "NotEncodable"),
        (lambda: float("nan"), "NotEncodable"),
        (lambda: "\0", "NotEncodable"),
        (lambda: "\ud800", "NotEncodable"),
        (lambda: "é" * 8_192, "ValueError"),
    ],
)
def test_what_cannot_be_kept_is_the_tasks_error(
    driver: EngineDriver, make: Callable[[], Any], error: str
) -> None:
    """Neither what JSON cannot hold nor what is too large; what was emitted before stays."""

    @driver.jobs.task
    def work() -> None:
        current_job.emit("before")
        current_job.emit(make())

    job = driver.run("work")
    assert job.error is not None
    assert (job.error["type"], emitted(driver, job.id)) == (error, ["before"])
