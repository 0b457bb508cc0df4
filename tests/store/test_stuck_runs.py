"""Runs that were ended while their threads go on, as all processes know them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.run import Run
from app.jobs.store import stuck_runs, workers

from .factory import NOW, OUTCOMES, claim_one, ended, register, submit


def stuck(conn: Connection, count: int) -> list[Run]:
    """So many runs that have ended."""
    found = [claim_one(conn, submit(conn)) for _ in range(count)]
    return [ended(run, OUTCOMES["failed"]) for run in found if run is not None]


def test_what_a_worker_says_last_counts(database: Database) -> None:
    """Its runs are replaced by those that are stuck now; those of others stay."""
    with database.write() as conn:
        runs = stuck(conn, 3)
        stuck_runs.replace(conn, "worker-1", runs)
        stuck_runs.replace(conn, "worker-2", runs[:1])
        stuck_runs.replace(conn, "worker-1", runs[1:])
        assert stuck_runs.count_by_worker(conn) == {"worker-1": 2, "worker-2": 1}


def test_a_worker_that_is_gone_holds_nothing(database: Database) -> None:
    """Whether it ended in order or was declared dead; one that has given a sign of life goes on."""
    with database.write() as conn:
        for worker in ("worker-1", "worker-2"):
            register(conn, worker)
            stuck_runs.replace(conn, worker, stuck(conn, 1))
        workers.deregister(conn, "worker-1")
        assert not workers.declare_dead(conn, "worker-2", beat=5)
        assert stuck_runs.count_by_worker(conn) == {"worker-2": 1}
        assert workers.declare_dead(conn, "worker-2", beat=0)
        assert stuck_runs.count_by_worker(conn) == {}


def test_more_stuck_threads_than_replacements_are_lost(database: Database) -> None:
    """As busy and beyond their timeout they show in what a worker can still run."""
    with database.write() as conn:
        register(conn, threads=2)
        before = NOW - timedelta(seconds=1)
        for count, lost in ((2, 0), (3, 1), (4, 2)):
            stuck_runs.replace(conn, "worker-1", stuck(conn, count))
            [live] = workers.live_workers(conn, before, NOW)
            # What `stuck` has claimed is still running for the database.
            assert (live.threads, live.overdue) == (2, lost)
