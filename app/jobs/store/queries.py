"""Everything that is only read: one job, pages of jobs, counts. Nothing here changes a row."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, literal, literal_column, select, union_all

from ..columns import from_driver
from ..ids import first_id_at
from ..job import NO_PROGRESS, Job, Progress
from ..models import ATTEMPTS, JOBS, TAGS
from ..sqlite import Look
from ..states import CLAIMABLE, QUEUED, STATES, is_final
from .jobs import NewJob
from .writes import Template

_J = JOBS.c
_A = ATTEMPTS.c
_Shown = namedtuple(
    "_Shown",
    "id task queue state priority args tags progress attempt max_attempts result error schedule_id batch_id"
    " worker engine version created_at run_at started_at finished_at cancel_requested_at fire_time",
)
_TIMES_FROM: Final = _Shown._fields.index("created_at")
_ONE = Template(f"SELECT {', '.join(_Shown._fields)} FROM {JOBS.name} WHERE id = ?")
_VERSION = Template(f"SELECT version, state FROM {JOBS.name} WHERE id = ?")
_UNCLAIMED: Final = (*CLAIMABLE, "waiting")
COUNT_CAP: Final = 10_000
_TICK: Final = timedelta(milliseconds=1)


def _counted(query: Select[Any], cap: int) -> Select[int]:
    """A statement that counts what `query` finds, to one more than `cap` at most."""
    return select(func.count()).select_from(query.limit(cap + 1).subquery())


_OLDEST_DUE = select(func.min(_J.run_at)).where(_J.state == QUEUED)
_STATE_COUNTS = union_all(
    *(
        select(
            literal(state),
            _counted(select(literal_column("1")).where(_J.state == state), COUNT_CAP).scalar_subquery(),
        )
        for state in STATES
    )
)


@dataclass(frozen=True, slots=True)
class JobFilters:
    """Which jobs: different fields are joined by and, the values of one field by or; empty means any."""

    states: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    schedule_ids: tuple[str, ...] = ()
    batch_ids: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> JobFilters:
        """From the words of Python and HTTP: state, task, queue, tag, … each one or several."""
        plural = {"state": "states", "task": "tasks", "queue": "queues", "tag": "tags",
                  "schedule_id": "schedule_ids", "batch_id": "batch_ids"}  # fmt: skip
        given: dict[str, Any] = {}
        for word, value in words.items():
            if word in plural:
                given[plural[word]] = (value,) if isinstance(value, str) else tuple(value)
            elif word in ("created_after", "created_before"):
                given[word] = value
            else:
                raise TypeError(
                    f"{word} is not a filter: there are {', '.join(plural)}, created_after, created_before"
                )
        return cls(**given)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as SQL conditions on the jobs table."""
        columns = {
            _J.state: self.states, _J.task: self.tasks, _J.queue: self.queues,
            _J.schedule_id: self.schedule_ids, _J.batch_id: self.batch_ids,
        }  # fmt: skip
        found: list[ColumnElement[bool]] = [
            column.in_(values) for column, values in columns.items() if values
        ]
        if self.tags:
            found.append(_J.id.in_(select(TAGS.c.job_id).where(TAGS.c.tag.in_(self.tags))))
        # Ids are ordered by creation, so the primary key bounds the scan of a time range.
        if self.created_after:
            found += [_J.created_at > self.created_after, _J.id >= first_id_at(self.created_after)]
        if self.created_before:
            found += [_J.created_at < self.created_before, _J.id < first_id_at(self.created_before + _TICK)]
        return found


def get(conn: Look | Connection, job_id: str) -> Job | None:
    """The job, or None."""
    row = conn.exec_driver_sql(_ONE.by(conn.dialect), (job_id,)).fetchone()
    if row is None:
        return None
    time = from_driver(conn.dialect)
    return to_job(_Shown(*row[:_TIMES_FROM], *map(time, row[_TIMES_FROM:])))


def get_many(conn: Connection, job_ids: Sequence[str]) -> list[Job]:
    """Those of the jobs that exist, in the order of `job_ids`."""
    rows = conn.execute(select(JOBS).where(_J.id.in_(job_ids)))
    found = {row.id: to_job(row) for row in rows}
    return [found[job_id] for job_id in job_ids if job_id in found]


def version_of(conn: Look | Connection, job_id: str) -> tuple[int, str] | None:
    """The job's version and state, or None."""
    row = conn.exec_driver_sql(_VERSION.by(conn.dialect), (job_id,)).fetchone()
    return row and (row[0], row[1])


def page(
    conn: Connection, filters: JobFilters, limit: int, after: str | None, newest_first: bool
) -> tuple[list[Job], bool]:
    """Up to `limit` jobs beyond the id `after`, and whether there are more. Ordered by creation."""
    query = select(JOBS).where(*filters.conditions())
    if after is not None:
        query = query.where(_J.id < after if newest_first else _J.id > after)
    rows = conn.execute(query.order_by(_J.id.desc() if newest_first else _J.id).limit(limit + 1)).all()
    return [to_job(row) for row in rows[:limit]], len(rows) > limit


def count(conn: Connection, filters: JobFilters, cap: int = COUNT_CAP) -> tuple[int, bool]:
    """How many jobs there are, counted to `cap` at most, and whether that cap was met."""
    found: int = conn.execute(_counted(select(_J.id).where(*filters.conditions()), cap)).scalar_one()
    return min(found, cap), found > cap


def backlog(conn: Connection, cap: int) -> int:
    """How many jobs wait to be claimed, counted to `cap` at most."""
    waiting = select(_J.id).where(_J.state.in_(_UNCLAIMED))
    return min(cap, conn.execute(_counted(waiting, cap)).scalar_one())


def state_counts(conn: Connection) -> dict[str, dict[str, Any]]:
    """For each state {value, capped}."""
    return {
        state: {"value": min(found, COUNT_CAP), "capped": found > COUNT_CAP}
        for state, found in conn.execute(_STATE_COUNTS)
    }


def task_counts(conn: Connection, tasks: Collection[str]) -> dict[str, dict[str, Any]]:
    """For each task {value, capped}, over all states."""
    counts = {task: count(conn, JobFilters(tasks=(task,))) for task in tasks}
    return {task: {"value": value, "capped": capped} for task, (value, capped) in counts.items()}


def oldest_due(conn: Connection) -> datetime | None:
    """Since when the job that has been due the longest has been so."""
    oldest: datetime | None = conn.scalar(_OLDEST_DUE)
    return oldest


def attempts(conn: Connection, job_id: str) -> list[dict[str, Any]]:
    """One entry for each claim of the job, under the contract's names."""
    rows = conn.execute(select(ATTEMPTS).where(_A.job_id == job_id).order_by(_A.run))
    names = ("run", "attempt", "outcome", "worker", "claimed_at", "started_at", "finished_at")
    return [
        {**{name: getattr(row, name) for name in names}, "error": row.error and json.loads(row.error)}
        for row in rows
    ]


def batch(conn: Connection, batch_id: str) -> dict[str, Any] | None:
    """How a batch stands: {id, total, counts by state, progress, created_at}, or None."""
    rows = conn.execute(
        select(_J.state, func.count().label("jobs"), func.min(_J.created_at).label("since"))
        .where(_J.batch_id == batch_id)
        .group_by(_J.state)
    ).all()
    if not rows:
        return None
    counts = dict.fromkeys(STATES, 0) | {row.state: row.jobs for row in rows}
    total = sum(counts.values())
    done = sum(jobs for state, jobs in counts.items() if is_final(state))
    progress = {"current": done, "total": total, "percent": round(100 * done / total, 2)}
    created_at = min(row.since for row in rows)
    return {"id": batch_id, "total": total, "counts": counts, "progress": progress, "created_at": created_at}


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
