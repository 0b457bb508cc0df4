"""What tasks print, in their job's log."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from flask import Flask

from app.jobs import Simmer


def talk() -> None:
    """A task that prints two lines and a half."""
    print("one", 2)
    print("three\nfour", end="")


@pytest.mark.parametrize("is_captured", [True, False])
def test_printed_lines_are_kept_where_that_is_asked_for(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, is_captured: bool
) -> None:
    """With JOBS_CAPTURE_STDOUT alone; they are printed as well, and what is printed outside is no line."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    jobs = Simmer()
    task = jobs.task(talk)
    config = {"JOBS_ENGINE": "manual", "JOBS_API_PREFIX": None, "JOBS_CAPTURE_STDOUT": is_captured}
    with make_app(jobs, **config).app_context():
        job = task.submit()
        jobs.testing.drain()
        print("outside")
        kept = [(line.level, line.logger, line.message) for line in jobs.logs(job.id)]
    said = [("INFO", "stdout", text) for text in ("one 2", "three", "four")]
    assert kept == (said if is_captured else [])
    assert out.getvalue() == "one 2\nthree\nfouroutside\n"
    assert (sys.stdout is out) is not is_captured
    assert sys.stdout.isatty() is False
