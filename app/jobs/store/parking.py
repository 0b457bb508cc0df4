"""Parking: what is over a limit is set aside, so that no claim reads it again before there is room.

A parked job is due, but not marked so. The end of a job of its key, or a moment of its rate, lets go as many
as may fit; the next claim decides. All of it happens under a lock on the row of the key, so that nobody parks
a job while somebody else finds none to let go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, Integer, Update, bindparam, case, false, null, select, update

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text
from ..database.statements import Statement
from ..database.tables import JOBS, LIMIT_KEYS
from ..database.transactions import AnyConnection
from .limits import KEY, add_keys, keys

LOOK_AGAIN: Final = 5.0
"""Seconds until parked jobs are tried once more: the one that was let go for them may have been cancelled."""
MOST_AT_ONCE: Final = 1_000
"""Jobs that are let go in one transaction where a limit was changed; the next one goes on."""
MOST_KEYS: Final = 100
"""Keys that are looked at in one transaction."""

_J = JOBS.c
_K = LIMIT_KEYS.c


class Wake(NamedTuple):
    """When parked jobs of a key are to be looked at, and how many of them."""

    at: datetime
    jobs: int


class Parked(NamedTuple):
    """The key under which a job is parked, and when that is looked at again."""

    key: str
    wake_at: datetime | None


def _park(dialect: Dialect) -> Update:
    rows = dialect.row_set("rows", {"job_id": Id, "key": KEY}).c
    return update(JOBS).where(_J.id == rows.job_id, _J.due).values(due=false(), parked=rows.key)


def _set_wakes(dialect: Dialect) -> Update:
    rows = dialect.row_set("rows", {"key": KEY, "wake_at": Time, "wake_count": Integer()}).c
    later = update(LIMIT_KEYS).where(_K.key == rows.key)
    return later.values(wake_at=rows.wake_at, wake_count=rows.wake_count)


def _look_again(dialect: Dialect) -> Update:
    is_one_left = select(_J.id).where(_J.parked == _K.key).exists()
    looked = update(LIMIT_KEYS).where(_K.key.in_(dialect.texts("keys")))
    count = _K.wake_count * bindparam("factor", type_=Integer())
    return looked.values(
        wake_at=case((is_one_left, bindparam("later", type_=Time)), else_=null()),
        wake_count=case((count < MOST_AT_ONCE, count), else_=MOST_AT_ONCE),
    )


_PARK: Final = Statement(_park)
_SET_WAKES: Final = Statement(_set_wakes)
_LOCK: Final = Statement(lambda dialect: keys(dialect).with_for_update())
_FIRST_PARKED: Final = Statement(
    select(_J.id)
    .where(_J.parked == bindparam("key"))
    .order_by(_J.priority, _J.run_at, _J.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_UNPARK: Final = Statement(
    lambda dialect: (
        # Not if it has ended: a worker of the version before leaves it parked.
        update(JOBS).where(_J.id.in_(dialect.texts("ids"))).values(due=_J.finished_at.is_(None), parked=None)
    )
)
_LOOK_AGAIN: Final = Statement(_look_again)
_TO_WAKE: Final = Statement(
    select(_K.key, _K.wake_count)
    .where(_K.wake_at <= bindparam("now"))
    .order_by(_K.wake_at)
    .limit(MOST_KEYS)
    .with_for_update(skip_locked=True)
)


def park(conn: AnyConnection, held: Mapping[str, str]) -> None:
    """Set the due jobs aside, each under the key that holds it; both are locked."""
    if held:
        _PARK.execute(conn, rows=as_json(held.items()))


def wake_later(conn: AnyConnection, wakes: Mapping[str, Wake]) -> None:
    """Look at the parked jobs of these keys, which are locked, at that moment."""
    if wakes:
        rows = as_json((key, as_text(at), jobs) for key, (at, jobs) in wakes.items())
        _SET_WAKES.execute(conn, rows=rows)


def release(conn: AnyConnection, ended: Iterable[str], now: datetime) -> None:
    """Under each of the keys a job has ended, once for each time that it is named: let the next ones go."""
    counts = Counter(ended)
    if counts:
        # Waits: who is about to park a job there counts one that has just ended as running.
        locked = _LOCK.rows(conn, keys=as_json(counts))
        let_go(conn, {row.key: counts[row.key] for row in locked if row.wake_at is not None}, now)


def wake(conn: AnyConnection, now: datetime) -> int:
    """Let go of what is parked under keys whose time has come. How many jobs that were."""
    rows = _TO_WAKE.rows(conn, now=now)
    # Twice as many each time: nobody parks them again where the code has dropped the limit.
    return let_go(conn, {row.key: row.wake_count for row in rows}, now, factor=2) if rows else 0


def reconsider(conn: Connection, subject: str, keys: Iterable[str], now: datetime) -> None:
    """A limit of the subject has changed: look at all that is parked there, MOST_AT_ONCE at a time.

    `keys` are those of the subject as a whole: they are made where they are not there, which waits for
    whoever makes one of them at this moment, to park a job by what held before.
    """
    add_keys(conn, dict.fromkeys(keys, subject))
    its = select(_K.key).where(_K.subject == subject).order_by(_K.key).with_for_update()
    locked = list(conn.scalars(its))
    parked = update(LIMIT_KEYS).where(_K.key.in_(locked), _K.wake_at.is_not(None))
    conn.execute(parked.values(wake_at=now, wake_count=MOST_AT_ONCE))


def parked(conn: Connection, job_id: str) -> Parked | None:
    """Under which key the job is parked, if it is."""
    found = select(_J.parked, _K.wake_at).join(LIMIT_KEYS, _K.key == _J.parked).where(_J.id == job_id)
    row = conn.execute(found).one_or_none()
    return None if row is None else Parked(*row)


def has_parked(conn: Connection, paused_queues: Sequence[str], paused_tasks: Sequence[str]) -> bool:
    """Whether any job waits for room under a limit, and not for the end of a pause."""
    waits = select(_J.id).where(
        _J.parked.is_not(None), _J.queue.not_in(paused_queues), _J.task.not_in(paused_tasks)
    )
    return conn.scalar(waits.limit(1)) is not None


def let_go(conn: AnyConnection, counts: Mapping[str, int], now: datetime, factor: int = 1) -> int:
    """Mark so many jobs parked under each of the keys, which are locked, as due. How many that were.

    When the others are looked at it will be `factor` times as many.
    """
    ids: list[str] = []
    more: dict[bool, list[str]] = {True: [], False: []}
    for key, count in counts.items():
        found = [row.id for row in _FIRST_PARKED.rows(conn, key=key, most=count)]
        ids += found
        more[len(found) == MOST_AT_ONCE].append(key)
    if ids:
        _UNPARK.execute(conn, ids=as_json(ids))
    for at_once, looked_at in more.items():
        if looked_at:
            later = now if at_once else now + timedelta(seconds=LOOK_AGAIN)
            _LOOK_AGAIN.execute(conn, keys=as_json(looked_at), later=later, factor=factor)
    return len(ids)
