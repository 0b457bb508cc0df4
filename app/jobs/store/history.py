"""Numbers over time: by how much the counters have grown in each minute, and in each hour.

The counters are written with what they count. Once a minute one process stores by how much they have grown
since the last time, so that nothing is missed or counted twice, whoever is killed or deletes jobs, and the
ends of jobs cost nothing more. What has grown since then is read from the counters themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Integer,
    Select,
    String,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from ..database.columns import Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text
from ..database.statements import Statement
from ..database.tables import COUNTERS, EVENTS, HISTORY, WATERMARKS
from ..states import FINAL
from .counters import RUN, WAIT

SINCE_EVER: Final = 0
MINUTE: Final = 60
HOUR: Final = 3_600
KEPT: Final = {MINUTE: timedelta(hours=2), HOUR: timedelta(days=8)}
"""How long the rows of each resolution are kept."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NAMES: Final = (*FINAL, WAIT, RUN)
"""The counters that have a history."""
MOST_LATE: Final = timedelta(seconds=MINUTE)

_H = HISTORY.c
_C = COUNTERS.c
_W = WATERMARKS.c
_MARK: Final = "history"
_TYPES: Final[dict[str, TypeEngine[Any]]] = {
    "resolution": Integer(), "at": Time, "task": String(200), "name": String(20), "bucket": BigInteger(),
    "count": BigInteger(), "seconds": Float(),
}  # fmt: skip


class Span(NamedTuple):
    """The rows of a resolution from `since` on, and what has grown since the last of them."""

    resolution: int
    since: datetime


def _grown() -> Select[Any]:
    """What the counters have grown by since the last sample: the difference of two sums, in one statement."""
    now = select(_C.task, _C.name, _C.bucket, _C["count"], _C.seconds).where(_C.name.in_(NAMES))
    stored = select(_H.task, _H.name, _H.bucket, -_H["count"], -_H.seconds)
    both = union_all(now, stored.where(_H.resolution == SINCE_EVER)).subquery("both").c
    count, key = func.sum(both["count"]), (both.task, both.name, both.bucket)
    grown = select(*key, cast(count, BigInteger).label("count"), func.sum(both.seconds).label("seconds"))
    return grown.group_by(*key).having(count > 0)


def _add_rows(dialect: Dialect) -> Any:
    rows = dialect.row_set("grown", _TYPES).c
    # WHERE true: without one SQLite takes ON CONFLICT for the ON of a join.
    return dialect.insert_or_add(HISTORY, select(*rows).where(true()), "count", "seconds")


_GROWN: Final = _grown()
_ADD: Final = Statement(_add_rows)


def floor(moment: datetime, seconds: int) -> datetime:
    """The last moment not after it that is a multiple of `seconds`, in UTC."""
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def sampled_at(conn: Connection) -> datetime | None:
    """When the last sample was taken; None before the first."""
    found: datetime | None = conn.scalar(select(_W.at).where(_W.name == _MARK))
    return found


def is_due(last: datetime | None, now: datetime) -> bool:
    """Whether there was no sample in this minute. One that seems to come was taken by a clock set back."""
    return last is None or not floor(now, MINUTE) <= last <= now + MOST_LATE


def sample(conn: Connection, now: datetime) -> bool:
    """Store by how much the counters have grown since the last sample. False: another process was faster."""
    last = sampled_at(conn)
    if not _take_turn(conn, last, now):
        return False
    at = moment_of(last, now)
    places = [(SINCE_EVER, EPOCH), (MINUTE, floor(at, MINUTE)), (HOUR, floor(at, HOUR))]
    if last is None and not _began_just_now(conn, now):
        places = places[:1]
    if rows := conn.execute(_GROWN).all():
        added = [(resolution, as_text(at), *row) for resolution, at in places for row in rows]
        _ADD.execute(conn, grown=as_json(added))
    return True


def _take_turn(conn: Connection, last: datetime | None, now: datetime) -> bool:
    """Move the watermark from `last` on; who does so is alone until the end of the transaction."""
    if last is not None:
        mine = update(WATERMARKS).where(_W.name == _MARK, _W.at == last)
        return conn.execute(mine.values(at=now)).rowcount == 1
    try:  # in a savepoint: PostgreSQL ends the whole transaction at the first error
        with conn.begin_nested():
            conn.execute(insert(WATERMARKS).values(name=_MARK, at=now))
    except IntegrityError:
        return False
    return True


def _began_just_now(conn: Connection, now: datetime) -> bool:
    """Whether nothing has happened earlier than a minute ago: else what has been counted is of the past."""
    first: datetime | None = conn.scalar(select(EVENTS.c.at).order_by(EVENTS.c.id).limit(1))
    return first is not None and first > now - MOST_LATE


def moment_of(last: datetime | None, now: datetime) -> datetime:
    """When that happened which the counters have grown by between two samples.

    Samples are taken a little after a minute has ended: half of the time in between is in that minute. Where
    no worker has taken one for longer, it was the last runs of those that ended after it.
    """
    if last is None:
        return now
    return min(now, last + min((now - last) / 2, MOST_LATE / 2))


def read(
    conn: Connection, span: Span, now: datetime, keys: Sequence[str], names: Sequence[str], *,
    task: str | None = None, is_sampled: bool = True,
) -> Sequence[Any]:  # fmt: skip
    """The counts and seconds of `names` within a span, summed up by `keys`, columns of HISTORY.

    `at` of what has happened since the last sample is the moment of that. Where samples are taken
    (`is_sampled`), nothing is known before the first.
    """
    last = sampled_at(conn)
    at = moment_of(last, now)
    stored = select(_H.at, _H.task, _H.name, _H.bucket, _H["count"], _H.seconds).where(
        _H.resolution == span.resolution, _H.at >= span.since
    )
    parts = [stored]
    if at >= span.since and (last is not None or not is_sampled):
        grown = _GROWN.subquery("grown").c
        columns = (grown.task, grown.name, grown.bucket, grown["count"], grown.seconds)
        parts.append(select(literal(at, Time), *columns))
    both = union_all(*parts).subquery("span").c
    wanted = [both[key] for key in keys]
    sums = cast(func.sum(both["count"]), BigInteger).label("count"), func.sum(both.seconds).label("seconds")
    found = select(*wanted, *sums).where(both.name.in_(names)).group_by(*wanted)
    if task is not None:
        found = found.where(both.task == task)
    return conn.execute(found).all()


def prune(conn: Connection, now: datetime, limit: int = 500) -> int:
    """Forget up to `limit` rows of each resolution that are kept no longer, the oldest first. How many."""
    deleted = 0
    key = tuple_(*HISTORY.primary_key)
    for resolution, kept in KEPT.items():
        old = select(*HISTORY.primary_key).where(_H.resolution == resolution, _H.at < now - kept)
        oldest = old.order_by(*HISTORY.primary_key).limit(limit)
        deleted = max(deleted, conn.execute(delete(HISTORY).where(key.in_(oldest))).rowcount)
    return deleted
