"""One line in the log for each run whose end is stored."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.jobs import Cancel, Simmer

from ..reliability.manual_worker import ManualWorker, make_manual_app

MakeApp = Callable[..., Flask]


def add_tasks(jobs: Simmer) -> None:
    """One for each end."""

    @jobs.task
    def add() -> int:
        return 1

    @jobs.task
    def give_up() -> Cancel:
        return Cancel("not today")

    @jobs.task(max_attempts=2)
    def fail() -> None:
        raise ValueError("no luck")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines about ends, without their seconds."""
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    return [re.sub(r" after \d+\.\d{3} s$", "", line) for line in said]


def test_each_end_is_a_line(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """With the job's id, task, outcome and seconds; a failed attempt that is tried again is one too."""
    jobs = Simmer()
    add_tasks(jobs)
    with make_manual_app(make_app, jobs).app_context(), caplog.at_level(logging.INFO, "app.jobs"):
        worker, made = ManualWorker(jobs), [jobs.submit(name) for name in ("add", "give_up", "fail")]
        for _ in range(3):
            worker.work(3_600)
        add, give_up, fail = (job.id for job in made)
        assert sorted(lines(caplog)) == sorted(
            [
                f"job {add} (add): succeeded",
                f"job {give_up} (give_up): cancelled",
                f"job {fail} (fail): retrying",
                f"job {fail} (fail): failed",
            ]
        )


def test_the_inline_engine_logs_ends_too(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Its jobs end in the call that submits them."""
    jobs = Simmer()
    add_tasks(jobs)
    app = make_app(jobs, JOBS_ENGINE="inline", JOBS_API_PREFIX=None)
    with app.app_context(), caplog.at_level(logging.INFO, "app.jobs"):
        assert lines(caplog) == []
        job = jobs.submit("add")
        assert lines(caplog) == [f"job {job.id} (add): succeeded"]


def test_a_failure_is_logged_with_its_exception(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Error trackers group by `exc_info`; what the log shows is the traceback as it is stored, once."""
    jobs = Simmer()
    add_tasks(jobs)
    app = make_app(jobs, JOBS_ENGINE="inline", JOBS_API_PREFIX=None)
    with app.app_context(), caplog.at_level(logging.ERROR, "app.jobs"):
        jobs.submit("fail", max_attempts=1)
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is ValueError
    shown = logging.Formatter("%(message)s").format(record)
    assert re.match(r"job \S+ \(fail\): attempt 1 of 1 failed\n  Traceback ", shown)
    assert shown.count("ValueError: no luck") == 1
