"""What tasks log is in their job's log, on every engine."""

from __future__ import annotations

import logging

from app.jobs import Snooze, current_job

from .driver import EngineDriver

LIB = logging.getLogger("tests.engines.library")


def test_what_a_task_logs_is_kept(driver: EngineDriver) -> None:
    """Of each of its runs, with the attempt, in order, as long as the job is there."""

    @driver.jobs.task(max_attempts=2, backoff=0)
    def talk() -> object:
        current_job.log.info("attempt %d", current_job.attempt)
        LIB.warning("odd")
        if current_job.attempt == 1:
            raise OSError("no luck")
        return Snooze(0.1) if len(driver.outcomes(driver.jobs.get(current_job.id))) == 2 else None

    page = driver.jobs.logs(driver.run("talk").id)
    said = [(line.run, line.attempt, line.seq, line.message) for line in page]
    first, second, third = ((run, attempt) for run, attempt in ((1, 1), (2, 2), (3, 2)))
    assert said == [
        (*run, seq, text)
        for run in (first, second, third)
        for seq, text in ((1, f"attempt {run[1]}"), (2, "odd"))
    ]
    assert (page.is_last, page.next_cursor) == (True, "3.2")


def test_a_task_that_logs_nothing_has_an_empty_log(driver: EngineDriver) -> None:
    """Also where it fails: what the package says of a run is in its attempt."""

    @driver.jobs.task
    def fail() -> None:
        raise ValueError

    page = driver.jobs.logs(driver.run("fail").id)
    assert (page, page.is_last, page.next_cursor) == ([], True, "0.0")
