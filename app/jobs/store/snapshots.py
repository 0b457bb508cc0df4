"""The frozen snapshot of a job, from its row or from what was submitted just now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..job import NO_PROGRESS, Job, Progress, Stamp
from ..serialization.encoding import stored
from ..states import is_final
from .jobs import NewJob

Time = Callable[[Any], Any]
COLUMNS: Final = (
    "id", "task", "queue", "state", "priority", "args", "tags", "progress", "attempt", "max_attempts",
    "result", "error", "schedule_id", "batch_id", "worker", "engine", "version",
    "created_at", "run_at", "started_at", "finished_at", "cancel_requested_at", "fire_time",
)  # fmt: skip
"""What of a job's row is shown; the times are last."""


def to_job(row: Sequence[Any], time: Time = lambda value: value) -> Job:
    """The frozen snapshot of a row of COLUMNS; `time` makes a time of what the row has."""
    (
        id, task, queue, state, priority, args, tags, progress, attempt, max_attempts, result, error,
        schedule_id, batch_id, worker, engine, version, *times,
    ) = row  # fmt: skip
    created_at, run_at, started_at, finished_at, cancel_requested_at, fire_time = map(time, times)
    ran = started_at is not None and is_final(state)
    return Job.of(
        id=id, task=task, queue=queue, state=state, priority=priority, args=stored(args),
        tags=tuple(stored(tags)) if tags != "[]" else (),
        progress=NO_PROGRESS if progress is None else _progress(progress, state, started_at),
        attempt=attempt, max_attempts=max_attempts, result=None if result is None else stored(result),
        error=None if error is None else stored(error), created_at=created_at, run_at=run_at,
        started_at=started_at, finished_at=finished_at, cancel_requested_at=cancel_requested_at,
        expires_at=None, queued_seconds=max(0.0, (started_at - run_at).total_seconds()) if ran else None,
        run_seconds=max(0.0, (finished_at - started_at).total_seconds()) if ran else None,
        schedule_id=schedule_id, fire_time=fire_time, batch_id=batch_id, depends_on=(), unique_key=None,
        worker=worker, engine=engine, version=version, waiting_reason=None,
    )  # fmt: skip


def to_stamp(row: Sequence[Any], time: Time) -> Stamp:
    """Of a row of id, version, state, created_at and run_at."""
    return Stamp(row[1], row[2], time(row[3]), time(row[4]))


def as_submitted(new: NewJob) -> Job:
    """The snapshot of a job that was stored just now: what reading it would give."""
    return Job.of(
        id=new.id, task=new.task, queue=new.queue, state=new.state, priority=new.priority,
        args=stored(new.args), tags=new.tags, progress=NO_PROGRESS, attempt=0,
        max_attempts=new.max_attempts, result=None, error=None, created_at=new.created_at, run_at=new.run_at,
        started_at=None, finished_at=None, cancel_requested_at=None, expires_at=None, queued_seconds=None,
        run_seconds=None, schedule_id=new.schedule_id, fire_time=new.fire_time, batch_id=new.batch_id,
        depends_on=(), unique_key=None, worker=None, engine=None, version=1, waiting_reason=None,
    )  # fmt: skip


def _progress(text: str, state: str, started_at: datetime | None) -> Progress:
    current, total, message = stored(text)
    if not total:
        return Progress(current=current, total=total, message=message)
    percent = round(min(100.0, max(0.0, 100 * current / total)), 2)
    eta = None if is_final(state) or started_at is None else _eta(started_at, current, total)
    return Progress(current, total, percent, message, eta)


def _eta(started_at: datetime, current: float, total: float) -> float | None:
    """Seconds to go, were the rest as fast as what is done."""
    if not 0 < current <= total:
        return None
    elapsed: float = (datetime.now(UTC) - started_at).total_seconds()
    return round(max(0.0, elapsed * (total - current) / current), 1)
