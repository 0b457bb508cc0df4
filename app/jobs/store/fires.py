"""Fire times: which are due, how a schedule advances past them, and the decision about each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, false, func, select, tuple_, update

from ..database.columns import Time, name_of
from ..database.dialect import Dialect
from ..database.row_sets import as_json, shared_or_of
from ..database.statements import InsertStatement, Statement
from ..database.supported import dialect_of
from ..database.tables import FIRES, JOBS, SCHEDULES
from ..schedules.triggers import Trigger

ON_REQUEST: Final = "skipped on request"
"""The reason of a fire time that somebody chose to skip."""
LONGEST_WAIT: Final = 0.25
"""Seconds: no fire time waits longer for others to share its transaction."""
_SHORTEST_WAIT: Final = 0.005
_WAIT_SHARE: Final = 0.005
_END: Final = datetime.max.replace(tzinfo=UTC)

_S = SCHEDULES.c
_F = FIRES.c


def _known(dialect: Dialect, *columns: Any) -> Select[Any]:
    """Of the schedules that may fire those whose tasks are known, and whose jobs are no other app's."""
    tasks = _S.task.in_(dialect.texts("tasks"))
    live = (_S.paused == false(), _S.retired == false())
    return select(*columns).where(*live, tasks, shared_or_of(_S.jobs_app))


_DUE = Statement(
    lambda dialect: (
        _known(dialect, *_S)
        .where(_S.next_fire_at <= bindparam("now"))
        .order_by(_S.next_fire_at)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)
_NEXT = Statement(
    lambda dialect: (
        _known(dialect, _S.next_fire_at)
        .where(_S.next_fire_at.is_not(None))
        .order_by(_S.next_fire_at)
        .limit(1)
    )
)
_FIRST_BY = Statement(
    lambda dialect: _known(dialect, func.min(_S.fire_by).label("fire_by")).where(
        _S.next_fire_at <= bindparam("soon")
    )
)
_OPEN = Statement(
    lambda dialect: (
        select(JOBS.c.schedule_id, func.count().label("jobs"))
        .where(JOBS.c.schedule_id.in_(dialect.texts("ids")), JOBS.c.finished_at.is_(None))
        .where(JOBS.c.schedule_id.is_not(None))
        .group_by(JOBS.c.schedule_id)
    )
)
_MOVE = Statement(
    update(SCHEDULES)
    .where(_S.id == bindparam("moved"), _S.next_fire_at == bindparam("seen"))
    .values(
        next_fire_at=bindparam("next"), fire_by=bindparam("by"),
        last_fire_at=func.coalesce(bindparam("fired", type_=Time), _S.last_fire_at),
    )
)  # fmt: skip
_DECIDED = InsertStatement(
    FIRES, "schedule_id", "fire_time", "decision", "count", "job_id", "reason", "decided_at", "late_seconds"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one fire time, or about `count` of them from this one on."""

    fire_time: datetime
    decision: str
    count: int = 1
    job_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """How a schedule advances from the `next_fire_at` that was `seen` to the next, with the decisions."""

    schedule_id: str
    seen: datetime
    next_fire_at: datetime | None
    decisions: Sequence[Decision]

    @property
    def last_fired(self) -> datetime | None:
        """The latest fire time that gets a job."""
        return max((each.fire_time for each in self.decisions if each.decision == "fired"), default=None)


def fire_by(fire_time: datetime | None, before: datetime) -> datetime | None:
    """Until when a fire time may wait for others, `before` being the one before it or the present.

    A two-hundredth of the time between them, from 5 ms to a quarter of a second: it costs nobody anything,
    and ten thousand schedules share a few transactions a second.
    """
    if fire_time is None:
        return None
    share = (fire_time - before).total_seconds() * _WAIT_SHARE
    wait = timedelta(seconds=min(LONGEST_WAIT, max(_SHORTEST_WAIT, share)))
    return fire_time + min(wait, _END - fire_time)


def due(
    conn: Connection, now: datetime, tasks: Collection[str], most: int, app: str | None = None
) -> Sequence[Any]:
    """The schedules whose next fire time has come and whose task is known here, locked.

    Those for the jobs of `app` and of none; where that is None, the latter only.
    """
    return _DUE.rows(conn, now=now, tasks=as_json(tasks), most=most, app=app)


def next_fire(conn: Connection, tasks: Collection[str], app: str | None = None) -> datetime | None:
    """The next moment at which any schedule is due; `app` as for `due`."""
    found: datetime | None = _NEXT.scalar(conn, tasks=as_json(tasks), app=app)
    return found


def next_batch(
    conn: Connection, now: datetime, tasks: Collection[str], app: str | None = None
) -> datetime | None:
    """As `next_fire`, but the latest moment at which all that are due by then can still be fired together."""
    soon = now + timedelta(seconds=LONGEST_WAIT)
    together: datetime | None = _FIRST_BY.scalar(conn, tasks=as_json(tasks), soon=soon, app=app)
    return together or next_fire(conn, tasks, app)


def move(conn: Connection, moves: Sequence[Move], now: datetime) -> bool:
    """Store the decisions and advance the schedules; False where somebody else has advanced one.

    Raises IntegrityError where a fire time was decided before. In both cases the caller rolls back.
    """
    if _MOVE.execute_many(conn, [_move(each) for each in moves]) != len(moves):
        return False
    _store(conn, [(each.schedule_id, decision) for each in moves for decision in each.decisions], now)
    return True


def record(conn: Connection, schedule_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Store decisions about fire times of one schedule."""
    _store(conn, [(schedule_id, decision) for decision in decisions], now)


def open_jobs(conn: Connection, schedule_ids: Sequence[str]) -> dict[str, int]:
    """How many jobs of each of the schedules are not final; those that have none are left out."""
    return {row.schedule_id: row.jobs for row in _OPEN.rows(conn, ids=as_json(schedule_ids))}


def history(conn: Connection, schedule_id: str, limit: int, before: datetime | None) -> list[dict[str, Any]]:
    """The latest decisions about fire times before `before`, newest first."""
    query = select(FIRES).where(_F.schedule_id == schedule_id)
    if before is not None:
        query = query.where(_F.fire_time < before)
    names = ("fire_time", "decision", "count", "job_id", "reason", "late_seconds", "decided_at")
    rows = conn.execute(query.order_by(_F.fire_time.desc()).limit(limit))
    return [{**{name: getattr(row, name) for name in names}, "by": row.done_by} for row in rows]


def record_by(conn: Connection, schedule_id: str, fire_time: datetime, by: str) -> None:
    """Add to the decision about a fire time that `by` made it."""
    decided = update(FIRES).where(_F.schedule_id == schedule_id, _F.fire_time == fire_time)
    conn.execute(decided.values(done_by=name_of(by)))


def first_undecided(
    conn: Connection, schedule: Any, trigger: Trigger, first: datetime | None
) -> datetime | None:
    """The first fire time of the row `schedule`, from the fire time `first` on, that has no decision.

    A clock set back leads to some that have one.
    """
    if first is None:
        return None
    mine = (_F.schedule_id == schedule.id, _F.fire_time >= first)
    decided = set(conn.scalars(select(_F.fire_time).where(*mine)))
    fire_time: datetime | None = first
    while fire_time in decided:
        fire_time = trigger.next_after(fire_time, schedule.anchor)
    return fire_time


def planned_after(conn: Connection, moment: datetime) -> Sequence[Any]:
    """The schedules that may fire and whose next fire time lies beyond `moment`."""
    live = (_S.paused == false(), _S.retired == false())
    return conn.execute(select(SCHEDULES).where(*live, _S.next_fire_at > moment)).all()


def prune_decisions(conn: Connection, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` decisions about fire times before `before`, the oldest first. How many."""
    # A subquery, because DELETE … LIMIT is not in every SQLite.
    key = tuple_(_F.schedule_id, _F.fire_time)
    old = select(_F.schedule_id, _F.fire_time).where(_F.fire_time < before)
    oldest = old.order_by(_F.fire_time).limit(limit)
    return conn.execute(delete(FIRES).where(key.in_(oldest))).rowcount


def _move(move: Move) -> dict[str, Any]:
    return {
        "moved": move.schedule_id, "seen": move.seen, "next": move.next_fire_at, "fired": move.last_fired,
        "by": fire_by(move.next_fire_at, move.decisions[-1].fire_time if move.decisions else move.seen),
    }  # fmt: skip


def _store(conn: Connection, decided: Sequence[tuple[str, Decision]], now: datetime) -> None:
    time = dialect_of(conn).to_driver
    rows = [
        (
            schedule_id, time(each.fire_time), each.decision, each.count, each.job_id, each.reason, time(now),
            (now - each.fire_time).total_seconds(),
        )
        for schedule_id, each in decided
    ]  # fmt: skip
    if rows:
        _DECIDED.execute_rows(conn, rows)
