"""A small app for servers to load: its database and its settings come from the environment."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Simmer, Snooze, current_job

db = SQLAlchemy()
jobs = Simmer()
never = threading.Event()


@jobs.schedule("interval", seconds=1, id="tick", start_now=True)
@jobs.task
def tick() -> None:
    """Fired every second."""


@jobs.task
def echo(value: int) -> dict[str, int]:
    """Answer at once, and say where."""
    return {"value": value, "pid": os.getpid()}


@jobs.task
def nap(seconds: float, mark: str | None = None) -> dict[str, int]:
    """Take its time, deaf to everything; `mark` is a file that gets a line when it begins."""
    if mark is not None:
        with Path(mark).open("a") as file:
            file.write(f"{current_job.id} {os.getpid()}\n")
    never.wait(seconds)
    return {"pid": os.getpid()}


@jobs.task(on_interrupt="fail")
def once(seconds: float) -> None:
    """At most once."""
    never.wait(seconds)


@jobs.task
def polite(seconds: float) -> Any:
    """Go on elsewhere when its worker drains."""
    for _ in range(int(seconds * 100)):
        if current_job.stopping:
            return Snooze(0)
        never.wait(0.01)
    return "done"


@jobs.task
def poison(how: str) -> None:
    """Take the process down."""
    if how == "exit":
        os._exit(1)
    os.kill(os.getpid(), signal.SIGKILL)


def create_app() -> Flask:
    """The app; with TABLES=no somebody else creates them."""
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    app.config.from_prefixed_env()
    db.init_app(app)
    jobs.init_app(app, db)
    if os.environ.get("TABLES") != "no":
        with app.app_context():
            jobs.init_db()
    return app
