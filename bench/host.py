"""The app that is measured: a host with Flask-SQLAlchemy, a database file and tasks that do nothing much."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import Simmer, current_job

THREADS: Final = 8

db = SQLAlchemy()
jobs = Simmer()


@jobs.task("bench.noop")
def noop(number: int) -> int:
    """Do nothing."""
    return number


@jobs.task("bench.held", priority=-1, rate=("1/d", "tenant"))
def held(number: int, tenant: str = "acme") -> int:
    """Do nothing, once a day for each tenant."""
    return number


@jobs.task("bench.fail")
def fail(number: int) -> int:
    """Fail."""
    raise ValueError(number)


@jobs.task("bench.wait")
def wait(number: int) -> int:
    """Wait 10 ms, as for somebody else's answer."""
    time.sleep(0.01)
    return number


@jobs.task("bench.work")
def work(number: int) -> int:
    """Use the processor for about 2 ms."""
    return sum(range(100_000)) + number


@jobs.task("bench.moment")
def moment() -> int:
    """When it began, on the clock that all processes of this machine share, in nanoseconds."""
    return time.monotonic_ns()


@jobs.task("bench.spin")
def spin(seconds: float) -> int:
    """Hold a processor for so long."""
    rounds, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and not current_job.stopping:
        rounds += sum(range(1_000)) > 0
    return rounds


def create_app(path: str | Path | None = None, **config: Any) -> Flask:
    """A host whose database is the SQLite file `path` (default: BENCH_STORE), with its tables."""
    app = Flask("bench")
    file = path or os.environ["BENCH_STORE"]
    app.config.update({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "JOBS_THREADS": THREADS, **config})
    app.config.from_prefixed_env()
    db.init_app(app)
    jobs.init_app(app, db)
    with app.app_context():
        jobs.init_db()
    return app


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards, on the disk that temporary files are on."""
    with tempfile.TemporaryDirectory(prefix="simmer-bench-") as name:
        yield Path(name)


@contextmanager
def running(app: Flask) -> Iterator[None]:
    """An app context in which this process runs jobs."""
    with app.app_context():
        jobs.start()
        try:
            yield
        finally:
            jobs.stop(timeout=10)


def fill(count: int, task: Any = noop) -> None:
    """Queue so many jobs, all of them at one moment."""
    task.submit_many([{"number": number} for number in range(count)])


def wait_until(condition: Callable[[], Any], timeout: float = 300, every: float = 0.02) -> None:
    """Ask every few milliseconds until it is so; raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s")
        time.sleep(every)


class Watch:
    """Cheap questions to the database file, asked past the package."""

    def __init__(self, path: str | Path) -> None:
        self._conn = sqlite3.connect(path, check_same_thread=False)

    def all_done(self) -> bool:
        """Whether no job runs or is to be run."""
        return not self.ask("SELECT EXISTS (SELECT 1 FROM simmer_jobs WHERE state IN ('queued', 'running'))")

    def finished(self) -> int:
        """How many jobs have succeeded."""
        return int(self.ask("SELECT count(*) FROM simmer_jobs WHERE state = 'succeeded'"))

    def running(self) -> int:
        """How many jobs are claimed."""
        return int(self.ask("SELECT count(*) FROM simmer_jobs WHERE state = 'running'"))

    def workers(self) -> int:
        """How many processes have registered to run jobs."""
        return int(self.ask("SELECT count(*) FROM simmer_workers"))

    def ask(self, query: str) -> Any:
        """The first column of the first row."""
        return self._conn.execute(query).fetchone()[0]

    def close(self) -> None:
        """Give the file back."""
        self._conn.close()


@contextmanager
def watching(path: str | Path) -> Iterator[Watch]:
    """A watch on that database."""
    watch = Watch(path)
    try:
        yield watch
    finally:
        watch.close()
