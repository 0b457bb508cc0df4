"""A host whose jobs write down each of their steps: `--app tests.reliability.steps_host jobs worker`."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL

from app.jobs import Simmer, current_job

STEPS = 5
jobs = Simmer()
db = SQLAlchemy()


@jobs.task
def work() -> list[str]:
    """Five steps of some milliseconds, with sleeps between them."""
    done = []
    for number in range(STEPS):
        done.append(current_job.step(f"step {number}", do, number))
        if random.random() < 0.2:
            current_job.sleep(0.1)
    return done


def do(number: int) -> str:
    """Write down who does it, and take a moment."""
    run = jobs.runtime.jobs.attempts(current_job.id)[-1]["run"]
    with Path(os.environ["STEPS_LOG"]).open("a") as log:
        log.write(f"{current_job.id} {number} {run}\n")
    threading.Event().wait(random.uniform(0.01, 0.1))
    return f"{number} by {run}"


def create_app(url: URL | None = None) -> Flask:
    """The host, with the settings of the environment, and its database unless there is a `url`."""
    app = Flask("steps")
    app.config["SQLALCHEMY_DATABASE_URI"] = url or os.environ["DATABASE_URL"]
    app.config.from_prefixed_env()
    db.init_app(app)
    jobs.init_app(app, db)
    return app
