"""What a host's log filters raise loses no job, no thread and no retry."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.jobs import QueueFull, Simmer
from app.jobs.process.logs import get_logger
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


def test_a_value_cannot_end_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """Control characters in values and in the exception are escaped; numbers and the message stay."""
    log = get_logger("app.jobs.test_logs")
    try:
        raise ValueError("a\r\n\x1bb")
    except ValueError as error:
        log.warning("%s is %d of %.1f, %s", "one\r\ntwo\t\x1b[31m\x7f", 3, 4.0, error, exc_info=True)
    record = caplog.records[-1]
    assert record.getMessage() == r"one\r\ntwo\t\x1b[31m\x7f is 3 of 4.0, a\r\n\x1bb"
    assert record.exc_text is not None
    assert record.exc_text.splitlines()[-2:] == [r"  ValueError: a\r", r"  \x1bb"]


def test_a_client_cannot_forge_a_line_of_the_log(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """The path of a request that is answered 503, which the log names."""
    jobs = Simmer()
    app = make_app(jobs, tables=False)
    jobs.handle_errors(app)

    @app.get("/reports/<name>")
    def report(name: str) -> str:
        raise QueueFull

    assert app.test_client().get("/reports/x%0a2026-01-01 INFO fine").status_code == 503
    assert r"GET /reports/x\n2026-01-01 INFO fine answered 503" in caplog.text
