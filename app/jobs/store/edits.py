"""Edits: what is changed of a job that has not begun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, update

from ..database.tables import JOBS, TAGS
from ..job import Job
from ..states import EDITABLE, QUEUED, SCHEDULED
from .events import Event, record

_J = JOBS.c


def edit(
    conn: Connection, seen: Job, changes: Mapping[str, Any], now: datetime, fair_key: str | None = None,
    by: str | None = None,
) -> bool:  # fmt: skip
    """Change a job that has not begun, and whose row is locked since it was `seen`. Whether it did.

    `changes` are of priority, queue, run_at, tags (a tuple) and args (JSON text). By another `run_at` it
    becomes queued or scheduled; with other `args` it takes turns by `fair_key`.
    """
    # What holds a parked job may not hold it as it is now: the next claim finds out.
    values = {"due": or_(_J.due, _J.parked.is_not(None)), "parked": None, **changes}
    target: str = seen.state
    if (run_at := changes.get("run_at")) is not None:
        is_due = run_at <= now
        target = QUEUED if is_due else SCHEDULED
        values |= {"due": is_due, "wake_at": None if is_due else run_at}
    if "args" in changes:
        values["fair_key"] = fair_key
    if "tags" in changes:
        values["tags"] = json.dumps(changes["tags"])
    guarded = update(JOBS).where(_J.id == seen.id, _J.state == seen.state, _J.state.in_(EDITABLE))
    guarded = guarded.where(_J.attempt == 0)
    if not conn.execute(guarded.values(**values, state=target, version=_J.version + 1)).rowcount:
        return False
    if "tags" in changes:
        conn.execute(delete(TAGS).where(TAGS.c.job_id == seen.id))
        if rows := [{"tag": tag, "job_id": seen.id} for tag in dict.fromkeys(changes["tags"])]:
            conn.execute(insert(TAGS), rows)
    # The names alone: arguments may be secrets.
    record(conn, now, [Event(seen.id, "edited", seen.state, target, 0, None, ", ".join(changes))], by)
    return True
