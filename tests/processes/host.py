"""A small app for servers to load: its database and its settings come from the environment."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from multiprocessing import Pipe, get_context
from typing import Any

from flask import Flask, Response
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Simmer, current_job

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
def nap(seconds: float) -> dict[str, int]:
    """Take its time, deaf to everything."""
    never.wait(seconds)
    return {"pid": os.getpid()}


@jobs.task
def talk(values: int, pause: float) -> None:
    """Emit numbers and log them, with a pause after each."""
    for number in range(values):
        current_job.log.warning("number %d", number)
        current_job.emit(number)
        never.wait(pause)


@jobs.task(timeout=0.1)
def stuck() -> None:
    """Go on far beyond its time."""
    never.wait(60)


@jobs.task(on_interrupt="fail")
def once(seconds: float) -> None:
    """At most once."""
    never.wait(seconds)


@jobs.task
def attach(parts: int) -> None:
    """A file of so many parts of 64 KiB, of which each begins with its number."""
    with tempfile.TemporaryFile() as file:
        for number in range(parts):
            file.write(number.to_bytes(4) + bytes(65_532))
        file.seek(0)
        current_job.attach(file, name="large.bin")


@jobs.task
def poison(how: str) -> None:
    """Take the process down."""
    if how == "exit":
        os._exit(1)
    os.kill(os.getpid(), signal.SIGKILL)


def create_app(url: str | None = None, **config: Any) -> Flask:
    """The app; with TABLES=no somebody else creates them."""
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = url or os.environ["DATABASE_URL"]
    app.config.from_prefixed_env()
    app.config.update(config)
    db.init_app(app)
    jobs.init_app(app, db)
    app.after_request(_say_who)
    app.get("/fork")(fork)
    if os.environ.get("TABLES") != "no":
        with app.app_context():
            jobs.init_db()
    return app


def fork() -> dict[str, Any]:
    """What a child that this request forks finds in itself."""
    mine, its = Pipe(duplex=False)
    child = get_context("fork").Process(target=lambda: its.send(look_round()))
    child.start()
    found: dict[str, Any] = mine.recv()
    child.join()
    return found


def look_round() -> dict[str, Any]:
    """What runs in this process, and whether it can use the database."""
    return {
        "threads": sorted(
            thread.name for thread in threading.enumerate() if thread.name.startswith("simmer")
        ),
        "running": jobs.runtime.is_running,
        "jobs": len(jobs.list()),
        "sigterm": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
    }


def _say_who(response: Response) -> Response:
    response.headers["X-Pid"] = str(os.getpid())
    return response
