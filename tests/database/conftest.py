"""Hosts whose database is chosen by their configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Simmer

MakeHost = Callable[..., tuple[Flask, Simmer]]


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    """Makes an app and its Simmer; with `db` it has a Flask-SQLAlchemy. Keywords are configuration."""
    made: list[tuple[Flask, Simmer]] = []

    def make(db: SQLAlchemy | None = None, testing: bool = False, **config: Any) -> tuple[Flask, Simmer]:
        app, jobs = Flask("host", instance_path=str(tmp_path / "instance")), Simmer()
        app.config.update({"JOBS_ENGINE": "manual", "TESTING": testing, **config})
        jobs.task("add")(lambda: 2)
        if db is not None:
            db.init_app(app)
        jobs.init_app(app, db)
        made.append((app, jobs))
        return app, jobs

    yield make
    for app, jobs in made:
        host = app.extensions.pop("sqlalchemy", None)
        with app.app_context():
            for engine in host.engines.values() if host else ():
                engine.dispose()
            jobs.stop(timeout=5)
            jobs.runtime.database.close()


def run_one(app: Flask, jobs: Simmer) -> str:
    """A job as the app itself runs it: its state."""
    with app.app_context():
        job = jobs.submit("add")
        jobs.testing.drain()
        return jobs.get(job.id).state
