"""Compares the tables with the model, and looks for what must never be stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from app.jobs.database.database import Database
from app.jobs.database.tables import (
    ATTEMPTS,
    COUNTERS,
    DEPENDENCIES,
    EVENTS,
    JOBS,
    LIMIT_KEYS,
    UNIQUE_KEYS,
)
from app.jobs.states import CLAIMABLE, QUEUED, RUNNING, WAITING

from .job_model import ENTERS, Model, ModelJob

LONGEST_WAIT = timedelta(seconds=61)
"""When parked jobs are looked at again, at the latest: no rate here is of more than a minute."""
COLUMNS = [column for column in JOBS.c if column.name not in ("meta", "tags", "timeout", "engine", "app")]
INTERNAL = ("version", "due", "wake_at", "parked", "limit_key", "queue_key", "unmet", "awaited", "rerun")
"""Columns that a job does not show, but for the version, which counts changes of the others."""


class ModelCheck:
    """Reads all tables after each step."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shown: dict[str, tuple[int, dict[str, Any]]] = {}

    def compare(self, model: Model, now: datetime) -> None:
        """Raises AssertionError where a table is not as the model says."""
        with self._database.read() as conn:
            rows = [dict(row) for row in conn.execute(select(*COLUMNS)).mappings()]
            self._compare_jobs(rows, model)
            self._compare_history(conn, model)
            _compare_keys(conn, model)
            _check_parked(conn, rows, now)
            _check_dependencies(conn, model)
            _compare_counters(conn, model)
        self._check_versions(rows)

    def _compare_jobs(self, rows: list[dict[str, Any]], model: Model) -> None:
        stored = {row["id"]: _as_stored(row) for row in rows}
        assert stored == {job.id: _as_modelled(job) for job in model.jobs.values()}
        for row in rows:
            _check_row(row)
            if row["state"] == WAITING:
                assert row["unmet"] == model.unmet(model.jobs[row["id"]]), row["id"]

    def _compare_history(self, conn: Connection, model: Model) -> None:
        events: defaultdict[str, list[Any]] = defaultdict(list)
        for event in conn.execute(select(EVENTS).order_by(EVENTS.c.id)):
            found = (event.type, event.from_state, event.to_state, event.attempt)
            events[event.job_id].append(found)
        assert events == {job.id: job.events for job in model.jobs.values()}
        attempts: defaultdict[str, list[Any]] = defaultdict(list)
        for row in conn.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.job_id, ATTEMPTS.c.run)):
            attempts[row.job_id].append([row.attempt, row.outcome])
            assert row.run == len(attempts[row.job_id])
        assert attempts == {job.id: job.runs for job in model.jobs.values() if job.runs}

    def _check_versions(self, rows: list[dict[str, Any]]) -> None:
        seen = {}
        for row in rows:
            version = row["version"]
            seen[row["id"]] = version, {name: row[name] for name in row if name not in INTERNAL}
            before = self._shown.get(row["id"])
            assert before is None or before[1] == seen[row["id"]][1] or before[0] < version, row["id"]
        self._shown = seen


def _as_stored(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["state"], row["attempt"], row["run"], row["max_attempts"], row["crashes"], row["priority"],
        row["queue"], row["run_at"], row["expires_at"], row["finished_at"],
        row["cancel_requested_at"] is not None, row["rerun"],
    )  # fmt: skip


def _as_modelled(job: ModelJob) -> tuple[Any, ...]:
    return (
        job.state, job.attempt, len(job.runs), job.max_attempts, job.crashes, job.priority,
        job.queue, job.run_at, job.expires_at, job.finished_at, job.is_asked, job.rerun,
    )  # fmt: skip


def _check_row(row: dict[str, Any]) -> None:
    """A job that can be claimed is due, or will be, or is parked; no other one is any of it."""
    ways = [row["due"], row["wake_at"] is not None, row["parked"] is not None]
    assert sum(ways) == (row["state"] in CLAIMABLE), row
    assert not ways[1] or (row["state"] != QUEUED and row["wake_at"] == row["run_at"]), row
    assert (row["claim"] is not None) == (row["state"] == RUNNING), row


def _compare_keys(conn: Connection, model: Model) -> None:
    stored = {(row.job_id, row.expires_at) for row in conn.execute(select(UNIQUE_KEYS))}
    assert stored == set(model.keys.values())


def _check_parked(conn: Connection, rows: list[dict[str, Any]], now: datetime) -> None:
    """What is parked is looked at again, and in time."""
    wakes = {row.key: row.wake_at for row in conn.execute(select(LIMIT_KEYS))}
    for key in {row["parked"] for row in rows} - {None}:
        assert wakes[key] is not None, key
        assert wakes[key] <= now + LONGEST_WAIT, key


def _check_dependencies(conn: Connection, model: Model) -> None:
    for edge in conn.execute(select(DEPENDENCIES)):
        assert {edge.job_id, edge.depends_on} <= model.jobs.keys()


def _compare_counters(conn: Connection, model: Model) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    verbs = COUNTERS.c.name.in_(ENTERS)
    for row in conn.execute(select(COUNTERS).where(verbs)).mappings():
        counts[row["task"], row["name"]] += row["count"]
    assert counts == model.counts
