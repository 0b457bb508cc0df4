"""What several tests need: waiting for a condition, and factories of apps."""

from __future__ import annotations

import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import make_url

from app.jobs.database.database import Database

ROOT = Path(__file__).parent.parent

T = TypeVar("T")


def eventually(
    condition: Callable[[], T | Literal[False] | None], timeout: float = 10.0, what: str = ""
) -> T:
    """The first truthy answer of `condition`, asked again and again; fails after `timeout` seconds."""
    pause, deadline = threading.Event(), time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout} s: {what or getattr(condition, '__name__', condition)}"
            )
        pause.wait(0.01)


def job_is(jobs: Any, job_id: str, *states: str) -> Callable[[], Any]:
    """A condition: the job is in one of `states`; answers the job."""

    def check() -> Any:
        job = jobs.get(job_id)
        return job if job.state in states else None

    return check


@functools.cache
def sqlite_with_tables() -> bytes:
    """A SQLite file with our tables: writing it down again is faster than making them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        made = Database.connect(make_url(f"sqlite:///{path}"), threads=1, synchronous="OFF")
        made.create_tables()
        made.close()
        return path.read_bytes()


@contextmanager
def running_service() -> Iterator[str]:
    """The service as `python run.py` serves it, on a database of its own; answers its address."""
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "JOBS_"))}
        env |= {"DATABASE_URL": f"sqlite:///{folder}/service.db", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(ROOT / "run.py"), "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, cwd=folder, text=True)
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"the service did not start: {line!r}"
            yield found[0]
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
