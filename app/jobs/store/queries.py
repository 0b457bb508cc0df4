"""Everything that is only read: one job, pages of jobs, counts. Nothing here changes a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)

from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.supported import dialect_of
from ..database.tables import ATTEMPTS, JOBS
from ..database.transactions import AnyConnection
from ..job import Job, Stamp
from ..states import CLAIMABLE, STATES, WAITING, is_final
from .job_filters import JobFilters
from .json_filters import last_scanned
from .loads import MOST_COUNTED
from .snapshots import COLUMNS, Time, to_job, to_progress, to_stamp

_J = JOBS.c
_A = ATTEMPTS.c
_SHOWN: Final = tuple(_J[name] for name in COLUMNS)
T = TypeVar("T")
Row = Sequence[Any]
"""As the driver gives it; the id is first."""
_UNCLAIMED: Final = (*CLAIMABLE, WAITING)
COUNT_CAP: Final = 10_000


class Reading(Generic[T]):
    """What to read of single jobs: `columns`, the id first, of which `make` makes what is wanted."""

    def __init__(self, columns: Sequence[str], make: Callable[[Row, Time], T]) -> None:
        wanted = [_J[name] for name in columns]
        self.one = Statement(select(*wanted).where(_J.id == bindparam("job_id")))
        self.several = Statement(lambda dialect: dialect.packed(wanted, _J.id.in_(dialect.texts("job_ids"))))
        self.make = make


WHOLE: Final = Reading(COLUMNS, to_job)
PROGRESS: Final = Reading(("id", "progress", "started_at", "finished_at"), to_progress)
STAMP: Final = Reading(("id", "version", "state", "created_at", "run_at"), to_stamp)


def _counted(query: Select[Any], cap: int) -> Select[int]:
    """A statement that counts what `query` finds, to one more than `cap` at most."""
    return select(func.count()).select_from(query.limit(cap + 1).subquery())


def _cap(state: str) -> int:
    return COUNT_CAP if is_final(state) else MOST_COUNTED


_STATE_COUNTS = union_all(
    *(
        select(
            literal(state),
            _counted(select(literal_column("1")).where(_J.state == state), _cap(state)).scalar_subquery(),
        )
        for state in STATES
    )
)


def get(conn: AnyConnection, job_id: str) -> Job | None:
    """The job, or None."""
    return read(conn, WHOLE, job_id)


def read(conn: AnyConnection, reading: Reading[T], job_id: str) -> T | None:
    """What is wanted of the job, or None."""
    row = reading.one.cursor(conn, job_id=job_id).fetchone()
    return None if row is None else reading.make(row, dialect_of(conn).from_driver)


def locked_stamp(conn: Connection, job_id: str) -> Stamp | None:
    """The job's stamp, its row locked until the transaction ends; or None."""
    stamp = select(_J.version, _J.state, _J.created_at, _J.run_at).where(_J.id == job_id).with_for_update()
    row = conn.execute(stamp).one_or_none()
    return None if row is None else Stamp(*row)


def rows(conn: AnyConnection, reading: Reading[Any], job_ids: Sequence[str]) -> dict[str, Row]:
    """The row of each of the jobs that exists, by its id."""
    if len(job_ids) == 1:
        found = reading.one.cursor(conn, job_id=job_ids[0]).fetchall()
    else:
        cursor = reading.several.cursor(conn, job_ids=as_json(job_ids))
        found = dialect_of(conn).unpack(cursor)
    return {row[0]: row for row in found}


def jobs_by_id(conn: AnyConnection, job_ids: Sequence[str]) -> dict[str, Job]:
    """Those of the jobs that exist."""
    time = dialect_of(conn).from_driver
    return {id: to_job(row, time) for id, row in rows(conn, WHOLE, job_ids).items()} if job_ids else {}


def page(
    conn: Connection, filters: JobFilters, limit: int, after: str | None, newest_first: bool
) -> tuple[list[Job], str | None]:
    """Up to `limit` jobs beyond the id `after`, ordered by creation, and the id beyond which there are more.

    With a filter by JSON a page may have fewer jobs than there are: it looks at MOST_SCANNED.
    """
    wanted = [*filters.conditions(), *filters.short_cut(conn)]
    if after is not None:
        wanted.append(_J.id < after if newest_first else _J.id > after)
    order = _J.id.desc() if newest_first else _J.id
    last = None
    if filters.json:
        if (last := last_scanned(conn, select(_J.id).where(*wanted).order_by(order))) is not None:
            wanted.append(_J.id >= last if newest_first else _J.id <= last)
        wanted += filters.json_conditions(conn)
    rows = conn.execute(select(*_SHOWN).where(*wanted).order_by(order).limit(limit + 1)).all()
    return [to_job(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else last


def count(
    conn: Connection, filters: JobFilters, cap: int = COUNT_CAP, *further: ColumnElement[bool]
) -> tuple[int, bool]:
    """How many jobs there are, counted to `cap` at most, and whether there may be more.

    With a filter by JSON those among the newest MOST_SCANNED of the other filters.
    """
    wanted = [*filters.conditions(), *filters.short_cut(conn), *further]
    last = None
    if filters.json:
        if (last := last_scanned(conn, select(_J.id).where(*wanted).order_by(_J.id.desc()))) is not None:
            wanted.append(_J.id >= last)
        wanted += filters.json_conditions(conn)
    found: int = conn.execute(_counted(select(_J.id).where(*wanted), cap)).scalar_one()
    return min(found, cap), found > cap or last is not None


def ids_with_prefix(conn: Connection, prefix: str, most: int) -> list[str]:
    """The first `most` ids that begin so; `prefix` is of hexadecimal digits and hyphens."""
    # Beyond all that can follow: "g" comes after every digit of an id.
    found = select(_J.id).where(_J.id >= prefix, _J.id < f"{prefix}g").order_by(_J.id).limit(most)
    return list(conn.scalars(found))


def backlog(conn: Connection, cap: int) -> int:
    """How many jobs wait to be claimed, counted to `cap` at most."""
    waiting = select(_J.id).where(_J.state.in_(_UNCLAIMED))
    return min(cap, conn.execute(_counted(waiting, cap)).scalar_one())


def ahead(conn: Connection, job: Job, cap: int) -> int:
    """How many due jobs of its queue are claimed before `job`, counted to `cap` at most."""
    place = tuple_(_J.priority, _J.run_at, _J.id) < tuple_(
        job.priority, literal(job.run_at, _J.run_at.type), job.id
    )
    due = select(_J.id).where(_J.due, _J.queue == job.queue, place)
    return min(cap, conn.execute(_counted(due, cap)).scalar_one())


def app_and_crashes(conn: Connection, job_id: str) -> tuple[str | None, int]:
    """The app whose workers alone run it, None where any may; how often it ended with its process."""
    row = conn.execute(select(_J.app, _J.crashes).where(_J.id == job_id)).one_or_none()
    return (None, 0) if row is None else (row.app, row.crashes)


def state_counts(conn: Connection) -> dict[str, dict[str, Any]]:
    """For each state {value, capped}: what is final is counted to COUNT_CAP, all others to MOST_COUNTED."""
    return {
        state: {"value": min(found, _cap(state)), "capped": found > _cap(state)}
        for state, found in conn.execute(_STATE_COUNTS)
    }


def task_counts(conn: Connection, tasks: Collection[str]) -> dict[str, dict[str, Any]]:
    """For each task {value, capped}, over all states."""
    counts = {task: count(conn, JobFilters(tasks=(task,))) for task in tasks}
    return {task: {"value": value, "capped": capped} for task, (value, capped) in counts.items()}


def attempts(conn: Connection, job_id: str, latest: int | None = None) -> list[dict[str, Any]]:
    """One entry for each claim, or each of the `latest`, oldest first, under the contract's names."""
    query = select(ATTEMPTS).where(_A.job_id == job_id).order_by(_A.run.desc()).limit(latest)
    rows = reversed(conn.execute(query).all())
    names = ("run", "attempt", "outcome", "worker", "claimed_at", "started_at", "finished_at")
    return [
        {**{name: getattr(row, name) for name in names}, "error": row.error and json.loads(row.error)}
        for row in rows
    ]
