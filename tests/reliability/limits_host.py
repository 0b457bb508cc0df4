"""`python -m tests.reliability.limits_host URL`: a worker whose tasks are limited, until its stdin ends."""

from __future__ import annotations

import sys
import threading

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Simmer

db, jobs = SQLAlchemy(), Simmer()


@jobs.task(concurrency=(2, "tenant"))
def keyed(tenant: str) -> None:
    """Take a moment."""
    threading.Event().wait(0.01)


@jobs.task(rate="50/s")
def paced() -> None:
    """Nothing."""


def create_app(url: str) -> Flask:
    """A host on that database."""
    app = Flask("limits", instance_path="/nowhere")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url, JOBS_SQLITE_SYNCHRONOUS="NORMAL", JOBS_HEARTBEAT_SECONDS=0.5,
        JOBS_RESCUE_AFTER=3, JOBS_APP="limits",
    )  # fmt: skip
    db.init_app(app)
    jobs.init_app(app, db)
    return app


if __name__ == "__main__":
    with create_app(sys.argv[1]).app_context():
        jobs.start()
        sys.stdin.read()
        jobs.stop(timeout=5)
