"""A host whose commands are run, in this process and in others: `--app tests.cli.host`."""

from __future__ import annotations

import os
import threading
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Cancel, Simmer, current_job

jobs = Simmer()
db = SQLAlchemy()


@jobs.task
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


@jobs.task(queue="reports", tags=("monthly",))
def report(month: str, password: str = "") -> dict[str, str]:
    return {"month": month, "api_key": "k-123"}


@jobs.task
def echo(value: Any = None) -> Any:
    return value


@jobs.task
def fail() -> None:
    raise ValueError("no\nluck")


@jobs.task
def rewrite() -> None:
    raise ValueError("first\n\x1b[2Jsecond")


@jobs.task
def give_up() -> Cancel:
    return Cancel("not today")


@jobs.task
def count(to: int) -> int:
    return sum(1 for _ in current_job.track(range(to), message="counting"))


@jobs.task
def talk() -> None:
    current_job.log.info("one\ntwo")
    current_job.log.warning("three")


@jobs.task(max_attempts=2, backoff=0)
def second_time_lucky() -> int:
    if current_job.attempt == 1:
        raise OSError("not yet")
    return current_job.attempt


@jobs.task
def chain(left: int) -> int:
    if left:
        chain.submit(left=left - 1)
    return left


@jobs.task
def in_steps() -> None:
    current_job.step("rows", lambda: {"count": 3, "token": "t-1"})
    current_job.sleep(60)


@jobs.task
def attach() -> None:
    current_job.attach(b"a,b\n", name="out.csv")


@jobs.task
def my_worker() -> Any:
    (worker,) = jobs.runtime.status.workers()
    return worker


@jobs.task
def until_told() -> str:
    _until(lambda: current_job.stopping)
    return "finished"


@jobs.task
def deaf() -> None:
    _until(lambda: False)


def _until(condition: Any, seconds: int = 30) -> None:
    pause = threading.Event()
    for _ in range(seconds * 100):
        if condition():
            return
        pause.wait(0.01)


def create_app(**config: Any) -> Flask:
    """The host; without `config` its database is the one that TEST_DATABASE names."""
    app = Flask("host")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ.get('TEST_DATABASE', '')}",
        JOBS_SQLITE_SYNCHRONOUS="NORMAL",
        JOBS_APP="host",
    )
    app.config.update(config)
    db.init_app(app)
    jobs.init_app(app, db)
    return app
