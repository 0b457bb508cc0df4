"""kill -9 in the middle of a batch: what waits for it goes on once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, select

from app.jobs.database.tables import BATCHES

from ..support import ROOT, eventually
from .host import create_app, db, echo, jobs

SIZE = 10_000
WORKER = [sys.executable, "-m", "flask", "--app", "tests.processes.host", "jobs", "worker"]


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs jobs; it is killed at the end."""
    settings = {"FLASK_JOBS_RESCUE_AFTER": "2", "FLASK_JOBS_HEARTBEAT_SECONDS": "0.2", "TABLES": "no"}
    made = subprocess.Popen(WORKER, cwd=ROOT, env={**os.environ, **settings, "DATABASE_URL": url})
    try:
        yield made
    finally:
        made.send_signal(signal.SIGKILL)
        made.wait()


def pending_below(batch_id: str, most: int) -> Callable[[], bool]:
    """A condition: so many of the batch's jobs have not ended, at most."""

    def check() -> bool:
        with jobs.runtime.database.read() as conn:
            pending: int = conn.scalars(select(BATCHES.c.pending).where(BATCHES.c.id == batch_id)).one()
        return pending <= most

    return check


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_batch_calls_back_once_under_kills(url: URL) -> None:
    """Ten thousand jobs, two kills of the worker between: each job ends once, and the callback runs once."""
    where = url.render_as_string(hide_password=False)
    app = create_app(where, JOBS_ROLE="web", JOBS_SCHEDULES=False)
    with app.app_context():
        batch = jobs.batch(
            [echo.s(value=n) for n in range(SIZE)], on_done=echo.s(value=-1, into=None)
        ).submit()
        with jobs.runtime.database.write() as conn:  # PostgreSQL does so by itself, a minute later
            conn.exec_driver_sql("ANALYZE")
        for left in (2 * SIZE // 3, SIZE // 3):
            with worker(where):
                eventually(pending_below(batch.id, left), 200, f"{left} left")
        assert batch.on_done is not None
        with worker(where):
            eventually(lambda: jobs.get(str(batch.on_done)).is_final, 200, "the callback")
        ended = jobs.get_batch(batch.id)
        assert (ended.counts["succeeded"], ended.progress["current"]) == (SIZE, SIZE)
        history = [each["type"] for each in jobs.runtime.jobs.events(batch.on_done)]
        assert history == ["submitted", "unblocked", "claimed", "succeeded"]
        jobs.runtime.database.close()
        db.engine.dispose()
