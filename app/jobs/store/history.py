"""Numbers over time: by how much the counters have grown in each minute, hour and quarter of a day.

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
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from ..database.columns import Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text
from ..database.statements import Statement
from ..database.supported import dialect_of
from ..database.tables import COUNTERS, EVENTS, HISTORY, WATERMARKS
from ..states import FINAL
from .counters import RUN, WAIT

SINCE_EVER: Final = 0
MINUTE: Final = 60
HOUR: Final = 3_600
QUARTER_DAY: Final = 21_600
KEPT: Final = {MINUTE: timedelta(minutes=65), HOUR: timedelta(hours=26), QUARTER_DAY: timedelta(days=8)}
"""How long the rows of each resolution are kept."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NAMES: Final = (*FINAL, WAIT, RUN)
"""The counters that have a history."""
MOST_LATE: Final = timedelta(seconds=MINUTE)

_H = HISTORY.c
_C = COUNTERS.c
_W = WATERMARKS.c
_MARK: Final = "history"


class Span(NamedTuple):
    """The rows of a resolution from `since` on, and what has grown since the last of them."""

    resolution: int
    since: datetime


def _grown() -> Select[Any]:
    """What the counters have grown by since the last sample: the difference of two sums, in one statement."""
    names: list[Any] = [literal_column(f"'{name}'") for name in NAMES]  # a Statement expands no list
    now = select(_C.task, _C.name, _C.bucket, _C["count"], _C.seconds).where(_C.name.in_(names))
    stored = select(_H.task, _H.name, _H.bucket, -_H["count"], -_H.seconds)
    both = union_all(now, stored.where(_H.resolution == SINCE_EVER)).subquery("both").c
    count, key = func.sum(both["count"]), (both.task, both.name, both.bucket)
    grown = select(*key, cast(count, BigInteger).label("count"), func.sum(both.seconds).label("seconds"))
    return grown.group_by(*key).having(count > 0)


def _placed(dialect: Dialect) -> Subquery:
    """What has grown, at each of the `places`: lists of a resolution and a time.

    By a row set: not every driver says that a lone parameter is a time.
    """
    place = dialect.row_set("places", {"resolution": Integer(), "at": Time})
    grown = _grown().subquery("grown")
    return select(*place.c, *grown.c).select_from(place.join(grown, true())).subquery("placed")


def _add_rows(dialect: Dialect) -> Any:
    # WHERE true: without one SQLite takes ON CONFLICT for the ON of a join.
    rows = select(*_placed(dialect).c).where(true())
    return dialect.insert_or_add(HISTORY, rows, "count", "seconds")


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


def sample(conn: Connection, last: datetime | None, now: datetime) -> bool:
    """Store by how much the counters have grown since the sample of `last`.

    False where another process has taken one since, and where the first is to be taken and is there.
    """
    if not _take_turn(conn, last, now):
        return False
    at = moment_of(last, now)
    places = [(SINCE_EVER, EPOCH), *((resolution, floor(at, resolution)) for resolution in KEPT)]
    if last is None and not _began_just_now(conn, now):
        places = places[:1]
    _ADD.execute(conn, places=as_json((resolution, as_text(at)) for resolution, at in places))
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
    stored = [_H.resolution == span.resolution, _H.at >= span.since, _H.name.in_(names)]
    parts = [_summed(_H, keys, stored, task)]
    if at >= span.since and (last is not None or not is_sampled):
        live = _placed(dialect_of(conn)).c
        parts.append(_summed(live, keys, [live.name.in_(names)], task))
    place = as_json([(span.resolution, as_text(at))])
    return conn.execute(_summed(union_all(*parts).subquery("both").c, keys, []), {"places": place}).all()


def _summed(
    rows: Any, keys: Sequence[str], conditions: Sequence[ColumnElement[bool]], task: str | None = None
) -> Select[Any]:  # fmt: skip
    """The counts and seconds of the rows, summed up by `keys`."""
    wanted = [rows[key] for key in keys]
    sums = cast(func.sum(rows["count"]), BigInteger).label("count"), func.sum(rows.seconds).label("seconds")
    found = select(*wanted, *sums).where(*conditions).group_by(*wanted)
    return found if task is None else found.where(rows.task == task)


def prune(conn: Connection, now: datetime, limit: int = 500) -> int:
    """Forget up to `limit` rows of each resolution that are kept no longer, the oldest first. How many."""
    deleted = 0
    key = tuple_(*HISTORY.primary_key)
    for resolution, kept in KEPT.items():
        old = select(*HISTORY.primary_key).where(_H.resolution == resolution, _H.at < now - kept)
        oldest = old.order_by(*HISTORY.primary_key).limit(limit)
        deleted = max(deleted, conn.execute(delete(HISTORY).where(key.in_(oldest))).rowcount)
    return deleted
