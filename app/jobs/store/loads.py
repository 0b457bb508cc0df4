"""How much is to be done of each queue and task: due jobs, how long the oldest waits, running ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select

from ..database.tables import JOBS
from .claims import queues_due

MOST_COUNTED: Final = 100_000
"""Due jobs of a queue that are counted, at most: as many as JOBS_MAX_QUEUED lets wait."""

_J = JOBS.c
_Key = tuple[str, str, str | None]


@dataclass(slots=True)
class Load:
    """The jobs of one task in one queue; `capped`: at least so many are due.

    `app` is the one whose workers alone run them, None where any may.
    """

    queue: str
    task: str
    app: str | None = None
    queued: int = 0
    capped: bool = False
    running: int = 0
    oldest: datetime | None = None


def _by_task(due: Select[Any]) -> Select[Any]:
    counted = due.limit(bindparam("most")).subquery().c
    of = counted.queue, counted.task, counted.app
    return select(*of, func.count(), func.min(counted.run_at)).group_by(*of)


_DUE_COLUMNS = (_J.queue, _J.task, _J.app, _J.run_at)
# One queue at a time: the cap then hides no other queue, and the rows come from a range of the index.
_DUE = _by_task(select(*_DUE_COLUMNS).where(_J.due, _J.queue == bindparam("queue_name")))
_PARKED = _by_task(select(*_DUE_COLUMNS).where(_J.parked.is_not(None)))
# Where no worker lives nobody marks them as due.
_TO_WAKE = _by_task(select(*_DUE_COLUMNS).where(_J.wake_at <= bindparam("now")))
_RUNNING = select(_J.queue, _J.task, _J.app).where(_J.claim.is_not(None))


def loads(conn: Connection, now: datetime, most: int = MOST_COUNTED) -> list[Load]:
    """The load of each queue, task and app that has due or running jobs, in this order."""
    found: dict[_Key, Load] = {}
    for queue in queues_due(conn):
        _add(found, conn.execute(_DUE, {"queue_name": queue, "most": most + 1}).all(), most)
    _add(found, conn.execute(_PARKED, {"most": most + 1}).all(), most)
    _add(found, conn.execute(_TO_WAKE, {"now": now, "most": most + 1}).all(), most)
    for key, running in Counter(tuple(row) for row in conn.execute(_RUNNING)).items():
        found.setdefault(key, Load(*key)).running = running
    return sorted(found.values(), key=lambda load: (load.queue, load.task, load.app or ""))


def _add(found: dict[_Key, Load], rows: Sequence[Any], most: int) -> None:
    capped = sum(row[3] for row in rows) > most
    for *key, count, oldest in rows:
        load = found.setdefault(tuple(key), Load(*key))
        load.queued += count
        load.capped |= capped
        load.oldest = oldest if load.oldest is None else min(load.oldest, oldest)
