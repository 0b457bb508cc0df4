"""What the tests of reasons share: who says them, and jobs that hold others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.jobs import Job
from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.service.explanations import Explanations
from app.jobs.service.hold_reasons import HoldReasons
from app.jobs.service.live_workers import LiveWorkers
from app.jobs.service.waiting_reason import WaitingReasons
from app.jobs.store import claims, completion, controls, queries, runs
from app.jobs.store.limits import Counted
from app.jobs.tasks.limits import Limits
from app.jobs.tasks.registry import TaskDefinition
from app.jobs.values import Explanation

from ..store.factory import NOW, OUTCOMES, claim_one, submit

EARLIER = NOW - timedelta(minutes=1)
"""When what has ended began."""
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


def explain(database: Database, job_id: str, seconds: float = 10.0) -> Explanation:
    """What is said of the job so many seconds after NOW."""
    reasons = waiting_reasons(database, seconds)
    return Explanations(database, clock_at(seconds), reasons).explain(read_job(database, job_id))


def at(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def finish(conn: Connection, seconds: float, task: str = "add") -> None:
    """A job that ran for so long, a minute ago."""
    run = claim_one(conn, submit(conn, task=task, created_at=EARLIER, run_at=EARLIER))
    assert run is not None
    outcome, finished_at = OUTCOMES["succeeded"], EARLIER + timedelta(seconds=seconds)
    completion.complete(conn, [replace(run, outcome=outcome, started_at=EARLIER, finished_at=finished_at)])


def begin(conn: Connection, worker: str = "worker-1", **values: Any) -> str:
    """A job that runs since NOW; its id."""
    run = claim_one(conn, submit(conn, **values), worker)
    assert run is not None
    run.started_at = NOW
    runs.record_starts(conn, [run])
    return run.job_id
