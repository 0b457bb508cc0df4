"""Turns: the keys of a fair task have one job each, one key after the other, however many jobs a key has.

Round robin: what is stored is the key whose job was claimed last. It is locked from the look to the commit,
so that no two processes give one turn. The jobs of a task keep the places that it has among the due jobs of
all tasks: which of them takes which place is by turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, String, bindparam, literal, select, true, update

from ..database.dialect import Dialect
from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.tables import JOBS, TURNS
from ..database.transactions import AnyConnection
from . import controls
from .claims import CANDIDATE, due

MOST_PLACES: Final = 64
"""Places that are given by turns in one claim: each costs a search in the index."""
NOBODY: Final = ""
"""Before all keys, which are JSON."""

_J = JOBS.c
_T = TURNS.c


class Turn(NamedTuple):
    """Whose turn of which task it is."""

    task: str
    key: str


class Group(NamedTuple):
    """Jobs that take turns among each other: a smaller priority runs first."""

    task: str
    queue: str
    priority: int


def _of_group(dialect: Dialect) -> Select[Any]:
    mine = due(dialect, *CANDIDATE, _J.fair_key, controls.VERSION)
    mine = mine.where(_J.task == bindparam("task"), _J.priority == bindparam("priority"))
    return mine.order_by(_J.fair_key, _J.run_at, _J.id).with_for_update(skip_locked=True)


_NEXT: Final = Statement(lambda dialect: _of_group(dialect).where(_J.fair_key > bindparam("after")).limit(1))
_OF_KEY: Final = Statement(
    lambda dialect: _of_group(dialect).where(_J.fair_key == bindparam("key")).limit(bindparam("most"))
)
_HAVE_KEYS: Final = Statement(
    lambda dialect: select(_J.id).where(_J.id.in_(dialect.texts("ids")), _J.fair_key.is_not(None))
)
_LAST: Final = Statement(select(_T.last_key).where(_T.task == bindparam("task")).with_for_update())
_ADVANCE: Final = Statement(
    update(TURNS).where(_T.task == bindparam("of_task")).values(last_key=bindparam("key"))
)


def _first_turn() -> Any:
    columns = bindparam("task", type_=String()).label("task"), literal(NOBODY).label("last_key")
    return select(*columns).where(true())  # see `counters`


_ADD: Final = Statement(lambda dialect: dialect.insert_or_skip(TURNS, _first_turn()))


def deal(
    conn: AnyConnection, rows: Sequence[Any], fair: Collection[str], **filters: Any
) -> tuple[list[Any], dict[str, Turn]]:
    """The due jobs `rows`, those of `fair` tasks replaced by those whose turn it is, and the turn of each.

    Up to MOST_PLACES of them. What was submitted before its task was fair has no key, and stays where it is.
    `filters` are the values of `claims.due`.
    """
    ids = [row.id for row in rows if row.task in fair]
    keyed = {row.id for row in _HAVE_KEYS.rows(conn, ids=as_json(ids))} if ids else set()
    places: dict[Group, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.id in keyed:
            places[Group(row.task, row.queue, row.priority)].append(place)
    if len(keyed) > MOST_PLACES:
        rows = rows[: sorted(chain.from_iterable(places.values()))[MOST_PLACES]]
    dealt: list[Any] = list(rows)
    last = {task: _lock(conn, task) for task in sorted({group.task for group in places})}
    turns: dict[str, Turn] = {}
    for group, of_group in places.items():
        mine = [place for place in of_group if place < len(rows)]
        for place, row in zip_longest(mine, _in_turn(conn, group, last[group.task], len(mine), filters)):
            dealt[place] = row
            if row is not None:
                last[group.task] = row.fair_key
                turns[row.id] = Turn(group.task, row.fair_key)
    return [row for row in dealt if row is not None], turns


def advance(conn: AnyConnection, claimed: Sequence[Turn]) -> None:
    """These turns were taken, in this order: the next one is that of the key after the last."""
    for task, key in dict(claimed).items():
        _ADVANCE.execute(conn, of_task=task, key=key)


def _lock(conn: AnyConnection, task: str) -> str:
    """The key whose turn was the last, locked; what claims waits for nothing behind it."""
    while not (rows := _LAST.rows(conn, task=task)):
        _ADD.execute(conn, task=task)
    return str(rows[0].last_key)


def _in_turn(
    conn: AnyConnection, group: Group, last: str, count: int, filters: Mapping[str, Any]
) -> list[Any]:
    """The next `count` jobs: the first one of each key after `last`, then the second ones, and so on."""
    values = {**group._asdict(), **filters}
    first: list[Any] = []
    after, has_turned = last, False
    while len(first) < count:
        rows = _NEXT.rows(conn, after=after, **values)
        if not rows and has_turned:
            break
        if not rows:
            after, has_turned = NOBODY, True
        elif has_turned and rows[0].fair_key > last:
            break
        else:
            after = rows[0].fair_key
            first += rows
    if len(first) == count or not first:
        return first
    most = count - len(first) + 1  # each of the others has one at least
    each = [_OF_KEY.rows(conn, key=row.fair_key, most=most, **values) for row in first]
    return [row for round in zip_longest(*each) for row in round if row is not None][:count]
