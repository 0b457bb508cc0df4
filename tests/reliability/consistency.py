"""What must hold in the database after any fault: a pure look at the rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select, text

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, EVENTS, FIRES, JOBS, UNIQUE_KEYS, WORKERS
from app.jobs.states import FINAL, TRANSITIONS


def check_consistency(database: Database) -> None:
    """Each history is a legal path that ends where its job is, runs match claims, nothing runs unowned."""
    with database.read() as conn:
        jobs = conn.execute(select(JOBS)).all()
        events = conn.execute(select(EVENTS).order_by(EVENTS.c.id)).all()
        attempts = conn.execute(select(ATTEMPTS)).all()
        fires = conn.execute(select(FIRES)).all()
        keys = conn.execute(select(UNIQUE_KEYS)).all()
        workers = set(conn.scalars(select(WORKERS.c.id)))
        if database.dialect.name == "sqlite":
            assert conn.scalar(text("PRAGMA integrity_check")) == "ok"
    histories: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        histories[event.job_id].append(event)
    runs: dict[str, list[Any]] = defaultdict(list)
    for attempt in attempts:
        runs[attempt.job_id].append(attempt)
    for job in jobs:
        _check_history(job, histories[job.id])
        _check_runs(job, runs[job.id])
        assert job.state != "running" or job.worker in workers, job.id
    held = {row.job_id for row in keys if row.expires_at is None}
    assert held <= {job.id for job in jobs if job.unique_key is not None and job.state not in FINAL}
    fired = {row.job_id for row in fires if row.decision == "fired"}
    assert fired == {job.id for job in jobs if job.fire_time is not None}


def _check_history(job: Any, history: list[Any]) -> None:
    state = None
    for event in history:
        sources, targets = TRANSITIONS[event.type]
        assert event.from_state == state, (job.id, event)
        assert state in (sources or (None,)), (job.id, event)
        assert event.to_state in targets, (job.id, event)
        state = event.to_state
    assert state == job.state, job.id
    since = max((n for n, event in enumerate(history) if event.type == "retried"), default=0)
    assert sum(event.to_state in FINAL for event in history[since:]) == (job.state in FINAL), job.id


def _check_runs(job: Any, runs: list[Any]) -> None:
    assert sorted(run.run for run in runs) == list(range(1, job.run + 1)), job.id
    open_runs = [run for run in runs if run.outcome is None]
    assert len(open_runs) == (job.state == "running"), job.id
    assert job.attempt <= job.run
