"""Claiming: from due to running, under a fresh token that fences the run."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Insert,
    Select,
    Update,
    bindparam,
    case,
    false,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, shared_or_of, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, JOBS, LIMIT_KEYS
from ..database.transactions import AnyConnection
from ..run import Run
from ..states import CLAIMABLE, RUNNING
from . import controls, limits
from .distinct import distinct_values
from .events import insert_from
from .limits import Counted

SUSPECT_AFTER: Final = 2
"""From this many crashes on a job runs alone, so that a poison job takes no neighbour with it."""
ANY_CRASHES: Final = 1_000
"""More than a job can have: suspects are claimed as others are."""

MOST_WOKEN: Final = 1_000
"""Jobs that become due in one transaction; the next one goes on."""

_J = JOBS.c
_K = LIMIT_KEYS.c
CANDIDATE: Final = (
    _J.id, _J.task, _J.queue, _J.args, _J.state, _J.priority, _J.run_at, _J.attempt, _J.max_attempts,
    _J.timeout, _J.run, _J.rerun, _J.crashes, _J.on_interrupt, _J.meta, _J.result_into,
)  # fmt: skip
"""What a claim needs of a job."""


def due(dialect: Dialect, *columns: Any) -> Select[Any]:
    """Of the due jobs of a queue those whose tasks are known, that are no other app's, that did not crash too
    often, and that have not expired.
    """
    known = unindexed(_J.task).in_(dialect.texts("tasks"))
    return select(*columns).where(
        _J.due, _J.queue == bindparam("queue"), known, shared_or_of(_J.app),
        _J.crashes < bindparam("too_many"),
        or_(_J.expires_at.is_(None), _J.expires_at > bindparam("now"), _J.run > 0),
    )  # fmt: skip


_DUE = Statement(
    lambda dialect: (
        due(dialect, *CANDIDATE, controls.VERSION)
        .order_by(_J.priority, _J.run_at, _J.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)
_ANY_DUE = Statement(lambda dialect: due(dialect, _J.id).limit(1))
_QUEUES_DUE = Statement(distinct_values(_J.queue, _J.due))
# Locked in one order, and passing by what others hold: an UPDATE alone would lock rows as it finds them, and
# two claimers, or one and a cancel, would wait for each other.
_ASLEEP = Statement(
    select(_J.id)
    .where(_J.wake_at <= bindparam("now"))
    .order_by(_J.wake_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_WAKE = Statement(
    lambda dialect: update(JOBS).where(_J.id.in_(dialect.texts("ids"))).values(due=true(), wake_at=None)
)
_NEXT_DUE = Statement(
    select(
        *(
            select(column).where(column.is_not(None)).order_by(column).limit(1).scalar_subquery().label(name)
            for name, column in (("job_at", _J.wake_at), ("parked_at", _K.wake_at))
        ),
        controls.VERSION,
    )
)
_WORKER, _NOW = bindparam("worker_id", type_=Id), bindparam("now", type_=Time)
_NEXT_ATTEMPT = case((_J.rerun, _J.attempt), else_=_J.attempt + 1)


class NextDue(NamedTuple):
    """When the next scheduled or retrying job comes due, and when to look at parked ones; None: never.

    `controls` is the version of what operators have set.
    """

    job_at: datetime | None = None
    parked_at: datetime | None = None
    controls: int | None = None

    @property
    def at(self) -> datetime | None:
        """The earlier of the two."""
        return min((moment for moment in self[:2] if moment is not None), default=None)


def wake(conn: AnyConnection, now: datetime) -> int:
    """Mark scheduled and retrying jobs whose time has come as due, up to MOST_WOKEN. How many there were."""
    found = [row.id for row in _ASLEEP.rows(conn, now=now, most=MOST_WOKEN)]
    return _WAKE.execute(conn, ids=as_json(found)) if found else 0


def next_due(conn: AnyConnection) -> NextDue:
    """What comes due next."""
    [row] = _NEXT_DUE.rows(conn)
    return NextDue(*row)


def anything_due(
    conn: AnyConnection, queues: Iterable[str], tasks: Collection[str], now: datetime,
    too_many_crashes: int = ANY_CRASHES, app: str | None = None,
) -> bool:  # fmt: skip
    """Whether a claim would find something; reads only."""
    values = {"tasks": as_json(tasks), "now": now, "too_many": too_many_crashes, "app": app}
    return any(_ANY_DUE.rows(conn, queue=queue, **values) for queue in queues)


def queues_due(conn: AnyConnection) -> list[str]:
    """The queues that have due jobs, by hopping over the index from one to the next."""
    return [row.value for row in _QUEUES_DUE.rows(conn)]


def candidates(
    conn: AnyConnection, queues: Iterable[str], tasks: Collection[str], most: int, now: datetime,
    too_many_crashes: int = ANY_CRASHES, app: str | None = None, in_order: bool = False,
) -> Sequence[Any]:  # fmt: skip
    """The first `most` due jobs in claiming order, locked: by priority, then due time, then id.

    With `in_order` those of the first queue come before those of the second, and so on.

    None that has expired by `now`. Those of `app` and those of none; where that is None, the latter only.
    Each has the version of the controls at this moment.
    """
    names = as_json(tasks)
    rows: list[Any] = []
    for queue in queues:
        if in_order and len(rows) >= most:
            break
        rows += _DUE.rows(
            conn, queue=queue, tasks=names, most=most, now=now, too_many=too_many_crashes, app=app
        )  # fmt: skip
    if not in_order:
        rows.sort(key=lambda row: (row.priority, row.run_at, row.id))
    return rows[:most]


def candidate(conn: Connection, job_id: str) -> Sequence[Any]:
    """That job, due or not, locked; nothing where it cannot be claimed."""
    return conn.execute(
        select(*CANDIDATE).where(_J.id == job_id, _J.state.in_(CLAIMABLE)).with_for_update()
    ).all()


def claim(
    conn: AnyConnection, rows: Sequence[Any], worker: str, engine: str, now: datetime, prefetched: int = 0,
    counted: Sequence[Counted] = (),
) -> list[Run]:  # fmt: skip
    """Claimed: the candidates `rows` become running jobs of `worker`, each with a new attempt row.

    The last `prefetched` of them wait for a thread. For the others there is one, so that they count as begun
    from here on: a job that ends its process within milliseconds leaves no later moment to store that.
    `counted` are those that count against limits.
    """
    if not rows:
        return []
    token = secrets.token_hex(16)
    values = {"ids": as_json(row.id for row in rows), "now": now, "worker_id": worker}
    # The events first, which read the states that the claim replaces; the attempts last, which read its run.
    _RECORD_EVENTS.execute(conn, **values)
    begun = as_json(row.id for row in rows[: len(rows) - prefetched])
    applied = _CLAIM.execute(conn, **values, token=token, engine_name=engine, begun=begun)
    assert applied == len(rows), "a candidate changed under our lock"
    _ADD_ATTEMPTS.execute(conn, **values)
    if counted:
        limits.count(conn, counted, now)
    return [_run_of(row, worker, token, now) for row in rows]


def _record_events(dialect: Dialect) -> Insert:
    """An event for each."""
    events = select(
        _J.id, _NOW, literal("claimed"), _J.state, literal(RUNNING), _NEXT_ATTEMPT, _WORKER, null()
    )  # fmt: skip
    return insert_from(events.where(_J.id.in_(dialect.texts("ids"))))


def _claim(dialect: Dialect) -> Update:
    """The candidates become running."""
    free = update(JOBS).where(
        _J.id.in_(dialect.texts("ids")), or_(*(unindexed(_J.state) == state for state in CLAIMABLE))
    )
    return free.values(
        state=RUNNING, due=False, wake_at=None, claim=bindparam("token"), claimed_at=_NOW, worker=_WORKER,
        parked=None, limit_key=None, queue_key=None, engine=bindparam("engine_name"), started_at=None,
        progress=None, run=_J.run + 1, prefetched=_J.id.not_in(dialect.texts("begun")),
        attempt=_NEXT_ATTEMPT, rerun=false(), version=_J.version + 1,
    )  # fmt: skip


def _add_attempts(dialect: Dialect) -> Insert:
    """A row for each run."""
    made = select(_J.id, _J.run, _J.attempt, _WORKER, _NOW).where(_J.id.in_(dialect.texts("ids")))
    return insert(ATTEMPTS).from_select(["job_id", "run", "attempt", "worker", "claimed_at"], made)


_RECORD_EVENTS, _CLAIM, _ADD_ATTEMPTS = Statement(_record_events), Statement(_claim), Statement(_add_attempts)


def _run_of(row: Any, worker: str, token: str, now: datetime) -> Run:
    attempt = row.attempt if row.rerun else row.attempt + 1
    return Run(
        row.id, row.task, row.queue, row.args, attempt, row.max_attempts, row.timeout, row.run + 1, worker,
        token, now, row.run_at, row.crashes, row.meta, row.result_into,
    )  # fmt: skip
