"""Fixtures for the tests of a host: `pytest_plugins = ["flask_simmer.pytest_plugin"]`.

They use the host's own fixture `app`, which gives its Flask app, made with the settings of `simmer_config`.
Nothing else of the package imports this module, or pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask

from .current import has_runtime
from .errors import NotReady
from .job import Job
from .testing import Testing

__all__ = [
    "ManualTime",
    "simmer_clock",
    "simmer_config",
    "simmer_drain",
    "simmer_submitted",
    "simmer_testing",
]


class Drain(Protocol):
    """Runs what is due."""

    def __call__(self, *, may_fail: bool = False) -> list[Job]:
        """See `simmer_drain`."""


class ManualTime:
    """The clock of an app whose engine is "manual"."""

    def __init__(self, app: Flask, testing: Testing) -> None:
        self._app, self._testing = app, testing

    def now(self) -> datetime:
        """The time that the clock was moved to, aware and UTC."""
        found: datetime = self._app.extensions["simmer"].clock.now()
        return found

    def advance(self, duration: str | float) -> datetime:
        """Move it by seconds or words such as "1h30m", firing schedules on the way; the time then."""
        self._testing.advance(duration)
        return self.now()


@pytest.fixture
def simmer_config(tmp_path: Path) -> dict[str, Any]:
    """Settings for an app whose jobs run on request only: an empty database of this test, a clock to move.

    Pass them to what makes the app: `create_app(simmer_config)`. One without Flask-SQLAlchemy takes the
    database as its JOBS_DATABASE_URL.
    """
    url = f"sqlite:///{tmp_path}/simmer-test.db"
    return {"TESTING": True, "JOBS_ENGINE": "manual", "SQLALCHEMY_DATABASE_URI": url}


@pytest.fixture
def simmer_testing(app: Flask) -> Iterator[Testing]:
    """`jobs.testing` of the host's fixture `app`, in a context of it; its tables are made."""
    if not has_runtime(app):
        raise NotReady(f"the app {app.name!r} has no Simmer: call jobs.init_app(app) where it is made")
    runtime = app.extensions["simmer"]
    if runtime.settings.engine != "manual":
        raise NotReady(
            f'these fixtures need JOBS_ENGINE="manual", and it is "{runtime.settings.engine}": make the app'
            " with the settings of the fixture simmer_config"
        )
    with app.app_context():
        runtime.database.create_tables()
        yield Testing(lambda: runtime)
    runtime.database.close()


@pytest.fixture
def simmer_clock(app: Flask, simmer_testing: Testing) -> ManualTime:
    """The clock: `simmer_clock.now()`, `simmer_clock.advance("5m")`."""
    return ManualTime(app, simmer_testing)


@pytest.fixture
def simmer_submitted(simmer_testing: Testing) -> Callable[..., list[Job]]:
    """`simmer_submitted("name")`: the jobs of that task, or of all, oldest first."""
    return simmer_testing.submitted


@pytest.fixture
def simmer_drain(simmer_testing: Testing) -> Drain:
    """`simmer_drain()`: run all that is due and what that submits; the jobs that are final, oldest first.

    Fails the test with the error of a job that has failed, unless `may_fail=True`.
    """

    def drain(*, may_fail: bool = False) -> list[Job]:
        simmer_testing.drain()
        done = [job for job in simmer_testing.submitted() if job.is_final]
        failed = [job for job in done if job.state == "failed"]
        if failed and not may_fail:
            pytest.fail("\n".join(map(_failure, failed)), pytrace=False)
        return done

    return drain


def _failure(job: Job) -> str:
    error = job.error or {}
    return f"the job {job.id} of {job.task!r} failed: {error.get('type')}: {error.get('message')}"
