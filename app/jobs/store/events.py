"""The append-only history: one row for each transition, written in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ..database.tables import EVENTS

_INSERT = insert(EVENTS)
_E = EVENTS.c


def event(
    job_id: str,
    at: datetime,
    type: str,
    source: str | None,
    target: str,
    attempt: int,
    worker: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """One transition from state `source` to state `target`, as a row."""
    return {
        "job_id": job_id,
        "at": at,
        "type": type,
        "from_state": source,
        "to_state": target,
        "attempt": attempt,
        "worker": worker,
        "reason": reason,
    }


def record(conn: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write the events."""
    if batch := list(rows):
        conn.execute(_INSERT, batch)


def events_of(conn: Connection, job_id: str) -> list[dict[str, Any]]:
    """The history of a job, oldest first, under the contract's names."""
    rows = conn.execute(select(EVENTS).where(_E.job_id == job_id).order_by(_E.id))
    return [
        {
            "id": row.id,
            "at": row.at,
            "type": row.type,
            "from": row.from_state,
            "to": row.to_state,
            "attempt": row.attempt,
            "worker": row.worker,
            "reason": row.reason,
        }
        for row in rows
    ]
