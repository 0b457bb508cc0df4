"""What a host's log filters raise loses no job, no thread and no retry."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.process.loop import Guard

MakeApp = Callable[..., Flask]


class RaisingFilter(logging.Filter):
    """As one that reads `flask.request` in a thread that handles none."""

    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("Working outside of request context.")


@pytest.fixture
def raising() -> Iterator[None]:
    """A handler of the root logger whose filter raises; what is reported of it goes nowhere."""
    handler = logging.StreamHandler(io.StringIO())
    handler.addFilter(RaisingFilter())
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


@pytest.mark.usefixtures("raising")
def test_failing_tasks_keep_their_threads(make_app: MakeApp) -> None:
    """As many failures as there are threads, and the next job still runs."""
    jobs = Simmer()

    @jobs.task
    def fail() -> None:
        raise ValueError

    @jobs.task
    def add() -> int:
        return 1

    with make_app(jobs, JOBS_THREADS=2).app_context():
        jobs.start()
        failing = [fail.submit() for _ in range(2)]
        assert [jobs.wait(job.id, 10).state for job in failing] == ["failed", "failed"]
        assert jobs.wait(add.submit().id, 10).state == "succeeded"


@pytest.mark.usefixtures("raising")
def test_what_is_claimed_is_started_whatever_is_logged(make_app: MakeApp) -> None:
    """Also where each end of a run is logged."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    logger = logging.getLogger("app.jobs.worker.end_log")
    logger.setLevel(logging.INFO)
    try:
        with make_app(jobs, JOBS_THREADS=2).app_context():
            jobs.start()
            made = [jobs.submit("add") for _ in range(6)]
            assert {jobs.wait(job.id, 10).state for job in made} == {"succeeded"}
            assert jobs.runtime.problems() == {}
    finally:
        logger.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("raising")
def test_a_guard_never_raises() -> None:
    """Its thread would end."""

    def fail() -> float:
        raise ValueError

    assert Guard("test", fail).call() > 0
