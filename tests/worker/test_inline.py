"""The worker without threads: what a test runs in its own thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.worker import limiter


def test_what_stands_behind_many_that_are_held_is_run(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the manual engine too, where one look at what is due has found none that may run."""
    monkeypatch.setattr(limiter, "MOST_READ", 2)
    jobs = Simmer()
    jobs.task("held", rate="1/d", priority=-1)(lambda: None)
    jobs.task("free")(lambda: None)
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        for _ in range(40):
            jobs.submit("held")
        jobs.submit("free")
        assert jobs.testing.drain() == 2
