"""What an explanation costs where very many jobs are in the table."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS
from app.jobs.service.explanations import MOST_AHEAD

from ..store.factory import register, submit
from ..store.many_jobs import copy_job
from .reasons import begin, explain, finish

BOUND = 0.1
"""Seconds for an explanation, with 1,000,000 jobs; here are less, as none of its reads depends on that."""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_explanation_costs_the_same_among_many_jobs(database: Database) -> None:
    """In front of a long line and behind it, and of a job whose task has run before all others."""
    with database.write() as conn:
        register(conn, threads=1, tasks=("add", "rare"))
        finish(conn, 3)
        finish(conn, 5, "rare")
        [done] = conn.scalars(select(JOBS.c.id).where(JOBS.c.task == "add"))
        copy_job(conn, done, 150_000, "0150")
        rare = submit(conn, task="rare", priority=-1)
        running = begin(conn)
        first = submit(conn)
        copy_job(conn, first, 50_000, "ff00")
        last = submit(conn, priority=1)
    expected = {
        rare: ("threads_busy", 0, 5.0),
        first: ("threads_busy", 1, 3.0),
        last: ("threads_busy", MOST_AHEAD, None),
        running: (None, None, None),
    }
    for job_id, (reason, ahead, seconds) in expected.items():
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            found = explain(database, job_id, 2.0)
            times.append(time.perf_counter() - begun)
        assert (found.reason, found.ahead) == (reason, ahead)
        if found.starts_at is not None and found.ends_at is not None:
            assert (found.ends_at - found.starts_at).total_seconds() == seconds
        else:
            assert seconds is None
        assert min(times) < BOUND, times
