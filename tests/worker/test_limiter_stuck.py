"""A limit of what runs at a time also counts the threads of runs that were ended as stuck."""

from __future__ import annotations

from app.jobs.database.database import Database
from app.jobs.store import parking, stuck_runs

from ..store.factory import OUTCOMES, ended
from .claimer import Claimer


def test_a_run_that_was_ended_as_stuck_counts_until_its_thread_ends(database: Database) -> None:
    """Its job is final, but the work goes on; once the thread is known to have ended the next one goes."""
    claimer = Claimer(database, concurrency=1)
    claimer.submit(2)
    [run] = claimer.claim()
    with database.write() as conn:
        stuck_runs.replace(conn, run.worker, [ended(run, OUTCOMES["failed"])])
    claimer.end([run], "failed")
    assert claimer.claim() == []
    with database.write() as conn:
        stuck_runs.replace(conn, run.worker, [])
    claimer.clock.advance(parking.LOOK_AGAIN)
    assert len(claimer.claim()) == 1
