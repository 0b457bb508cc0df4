"""What the tests of reasons share: who says them, and jobs that hold others."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from app.jobs import Job
from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.service.hold_reasons import HoldReasons
from app.jobs.service.live_workers import LiveWorkers
from app.jobs.service.waiting_reason import WaitingReasons
from app.jobs.store import claims, controls, queries
from app.jobs.store.limits import Counted
from app.jobs.tasks.limits import Limits
from app.jobs.tasks.registry import TaskDefinition

from ..store.factory import NOW, submit

TASKS = {"slow": TaskDefinition("slow", print, {"concurrency": 2, "rate": "1/d"})}


def clock_at(seconds: float) -> ManualClock:
    """A clock that stands so many seconds after NOW."""
    return ManualClock(NOW + timedelta(seconds=seconds))


def waiting_reasons(database: Database, seconds: float) -> WaitingReasons:
    """Who says why jobs wait so many seconds after NOW, in a process that has read nothing yet."""
    clock = clock_at(seconds)
    with database.read() as conn:
        holding = Limits(TASKS, controls.read(conn))
    holds = HoldReasons(database, clock, lambda: holding)
    return WaitingReasons(database, clock, LiveWorkers(database, 30.0, clock), True, holds)


def read_job(database: Database, job_id: str) -> Job:
    """The job as it is stored."""
    with database.read() as conn:
        job = queries.get(conn, job_id)
    assert job is not None
    return job


def crash_twice(conn: Connection, job_id: str) -> None:
    """Two of its runs have ended with their process."""
    conn.exec_driver_sql(f"UPDATE simmer_jobs SET crashes = 2 WHERE id = '{job_id}'")


def hold_limit(database: Database, count: int) -> list[str]:
    """So many jobs run since NOW and count against the limit of the task slow; their ids."""
    with database.write() as conn:
        ids = [submit(conn, task="slow") for _ in range(count)]
        for job_id in ids:
            counted = [Counted(job_id, limit_key="task slow")]
            claims.claim(conn, claims.candidate(conn, job_id), "worker-1", "thread", NOW, counted=counted)
    return sorted(ids)
