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


@dataclass(slots=True)
class Load:
    """The jobs of one task in one queue; `capped`: at least so many are due."""

    queue: str
    task: str
    queued: int = 0
    capped: bool = False
    running: int = 0
    oldest: datetime | None = None


def _by_task(due: Select[Any]) -> Select[Any]:
    counted = due.limit(bindparam("most")).subquery().c
    return select(counted.queue, counted.task, func.count(), func.min(counted.run_at)).group_by(
        counted.queue, counted.task
    )


# One queue at a time: the cap then hides no other queue, and the rows come from a range of the index.
_DUE = _by_task(select(_J.queue, _J.task, _J.run_at).where(_J.due, _J.queue == bindparam("queue_name")))
# Where no worker lives nobody marks them as due.
_TO_WAKE = _by_task(select(_J.queue, _J.task, _J.run_at).where(_J.wake_at <= bindparam("now")))
_RUNNING = select(_J.queue, _J.task).where(_J.claim.is_not(None))


def loads(conn: Connection, now: datetime, most: int = MOST_COUNTED) -> list[Load]:
    """The load of each queue and task that has due or running jobs, by queue and task."""
    found: dict[tuple[str, str], Load] = {}
    for queue in queues_due(conn):
        _add(found, conn.execute(_DUE, {"queue_name": queue, "most": most + 1}).all(), most)
    _add(found, conn.execute(_TO_WAKE, {"now": now, "most": most + 1}).all(), most)
    for (queue, task), running in Counter(tuple(row) for row in conn.execute(_RUNNING)).items():
        found.setdefault((queue, task), Load(queue, task)).running = running
    return [found[key] for key in sorted(found)]


def _add(found: dict[tuple[str, str], Load], rows: Sequence[Any], most: int) -> None:
    capped = sum(row[2] for row in rows) > most
    for queue, task, count, oldest in rows:
        load = found.setdefault((queue, task), Load(queue, task))
        load.queued += count
        load.capped |= capped
        load.oldest = oldest if load.oldest is None else min(load.oldest, oldest)
