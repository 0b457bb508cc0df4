"""The frozen snapshot of a job, from its row or from what was submitted just now."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ..job import NO_PROGRESS, Job, Progress
from ..states import is_final
from .jobs import NewJob


def to_job(row: Any) -> Job:
    """The frozen snapshot of a row."""
    final, started, finished = is_final(row.state), row.started_at, row.finished_at
    ran = final and started is not None
    return Job.of(
        id=row.id, task=row.task, queue=row.queue, state=row.state, priority=row.priority,
        args=json.loads(row.args), tags=tuple(json.loads(row.tags)) if row.tags != "[]" else (),
        progress=_progress(row), attempt=row.attempt, max_attempts=row.max_attempts,
        result=None if row.result is None else json.loads(row.result),
        error=None if row.error is None else json.loads(row.error),
        created_at=row.created_at, run_at=row.run_at, started_at=started, finished_at=finished,
        cancel_requested_at=row.cancel_requested_at, expires_at=None,
        queued_seconds=max(0.0, (started - row.run_at).total_seconds()) if ran else None,
        run_seconds=max(0.0, (finished - started).total_seconds()) if ran else None,
        schedule_id=row.schedule_id, fire_time=row.fire_time, batch_id=row.batch_id, depends_on=(),
        unique_key=None, worker=row.worker, engine=row.engine, version=row.version, waiting_reason=None,
    )  # fmt: skip


def as_submitted(new: NewJob) -> Job:
    """The snapshot of a job that was stored just now: what reading it would give."""
    return Job.of(
        id=new.id, task=new.task, queue=new.queue, state=new.state, priority=new.priority,
        args=json.loads(new.args), tags=new.tags, progress=NO_PROGRESS, attempt=0,
        max_attempts=new.max_attempts, result=None, error=None, created_at=new.created_at, run_at=new.run_at,
        started_at=None, finished_at=None, cancel_requested_at=None, expires_at=None, queued_seconds=None,
        run_seconds=None, schedule_id=new.schedule_id, fire_time=new.fire_time, batch_id=new.batch_id,
        depends_on=(), unique_key=None, worker=None, engine=None, version=1, waiting_reason=None,
    )  # fmt: skip


def _progress(row: Any) -> Progress:
    if row.progress is None:
        return NO_PROGRESS
    current, total, message = json.loads(row.progress)
    if not total:
        return Progress(current=current, total=total, message=message)
    percent = round(min(100.0, max(0.0, 100 * current / total)), 2)
    return Progress(current, total, percent, message, _eta(row, current, total))


def _eta(row: Any, current: float, total: float) -> float | None:
    """Seconds to go, were the rest as fast as what is done."""
    if is_final(row.state) or row.started_at is None or not 0 < current <= total:
        return None
    elapsed: float = (datetime.now(UTC) - row.started_at).total_seconds()
    return round(max(0.0, elapsed * (total - current) / current), 1)
