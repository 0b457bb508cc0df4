"""The frozen snapshot of a job, from its row or from what was submitted just now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime

from ..database.tables import JOBS
from ..job import NO_PROGRESS, Job, Progress, Stamp
from ..options import STORED
from ..serialization.encoding import stored
from ..states import is_final
from .new_jobs import NewJob

Time = Callable[[Any], Any]
_BLANK: Final[dict[str, Any]] = dict.fromkeys(field.name for field in fields(Job))
COLUMNS: Final = tuple(name for name in _BLANK if name in JOBS.c)
"""What of a job's row is shown: what Job has an attribute for, in that order."""
_TIMES: Final = tuple(name for name in COLUMNS if isinstance(JOBS.c[name].type, DateTime))
_OPTIONS: Final = tuple(place for place in enumerate(STORED) if place[1] in _BLANK)
_LISTS: Final = tuple(name for name in COLUMNS if name in STORED and STORED[name].rule.kind is tuple)
_OBJECTS: Final = tuple(name for name in COLUMNS if name in STORED and STORED[name].rule.kind is dict)


def to_job(row: Sequence[Any], time: Time = lambda value: value) -> Job:
    """The frozen snapshot of a row of COLUMNS; `time` makes a time of what the row has."""
    job = {**_BLANK, **dict(zip(COLUMNS, row, strict=True))}
    for name in _TIMES:
        if (value := job[name]) is not None:
            job[name] = time(value)
    _read_options(job)
    job["args"] = stored(job["args"])
    for name in ("result", "error"):
        if (text := job[name]) is not None:
            job[name] = stored(text)
    state, run_at, started_at = job["state"], job["run_at"], job["started_at"]
    if (progress := job["progress"]) is None:
        job["progress"] = NO_PROGRESS
    else:
        job["progress"] = _progress(progress, started_at, job["finished_at"])
    if started_at is not None and is_final(state):
        job["queued_seconds"] = max(0.0, (started_at - run_at).total_seconds())
        job["run_seconds"] = max(0.0, (job["finished_at"] - started_at).total_seconds())
    return Job.of(job)


def to_stamp(row: Sequence[Any], time: Time) -> Stamp:
    """Of a row of id, version, state, created_at and run_at."""
    return Stamp(row[1], row[2], time(row[3]), time(row[4]))


def to_progress(row: Sequence[Any], time: Time) -> tuple[str | None, Progress]:
    """The progress as it is stored, and as it is shown, of a row of id, progress, started_at, finished_at."""
    text = row[1]
    if text is None:
        return None, NO_PROGRESS
    started_at, finished_at = (None if value is None else time(value) for value in row[2:])
    return text, _progress(text, started_at, finished_at)


def as_submitted(new: NewJob) -> Job:
    """The snapshot of a job that was stored just now: what reading it would give."""
    job = _BLANK.copy()
    for place, name in _OPTIONS:
        job[name] = new.options[place]
    _read_options(job)
    job.update(
        id=new.id, task=new.task, state=new.state, args=stored(new.args), progress=NO_PROGRESS, attempt=0,
        created_at=new.created_at, run_at=new.run_at, schedule_id=new.schedule_id, fire_time=new.fire_time,
        batch_id=new.batch_id, version=1, expires_at=new.expires_at,
        unique_key=None if new.unique is None else new.unique.text,
    )  # fmt: skip
    return Job.of(job)


def _read_options(job: dict[str, Any]) -> None:
    """Make the values of options of what their columns hold."""
    for name in _LISTS:
        job[name] = tuple(stored(text)) if (text := job[name]) != "[]" else ()
    for name in _OBJECTS:
        job[name] = {} if (text := job[name]) is None else stored(text)


def _progress(text: str, started_at: datetime | None, finished_at: datetime | None) -> Progress:
    current, total, message, *data = stored(text)
    rate = None if started_at is None else _rate(current, started_at, finished_at)
    percent = eta = None
    if total:
        percent = round(min(100.0, max(0.0, 100 * current / total)), 2)
        if rate and finished_at is None and current <= total:  # were the rest as fast as what is done
            eta = round((total - current) / rate, 1)
    return Progress(current, total, percent, message, eta, data[0] if data else None, rate)


def _rate(current: float, started_at: datetime, finished_at: datetime | None) -> float | None:
    elapsed = ((finished_at or datetime.now(UTC)) - started_at).total_seconds()
    return current / elapsed if current > 0 and elapsed > 0 else None
