"""Counters of what has happened, which only grow: outcomes by task, and histograms of wait and run time.

They are written in the transaction of what they count, so that nothing counts twice or is missed, whoever
is killed. A worker has rows of its own, all others share some; a total is the sum of all.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Float, String, bindparam, delete, func, select, true
from sqlalchemy.types import TypeEngine

from ..database.columns import Id
from ..database.dialect import Dialect
from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.tables import COUNTERS, WORKERS
from ..database.transactions import AnyConnection
from ..run import Run

WAIT: Final = "wait"
"""The histogram of the seconds from due to begun."""
RUN: Final = "run"
"""The histogram of the seconds from begun to ended."""
BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200)
"""The upper bounds of their buckets, in seconds."""
BEYOND: Final = 2**53
"""The bucket above the last bound."""
SHARED: Final = ""
"""In place of a worker: the rows that all processes share."""
FOLDED_AT_ONCE: Final = 1_000

_C = COUNTERS.c
_KEY: Final = tuple(column.name for column in COUNTERS.primary_key)
_BUCKETS: Final = (*((bound, round(1_000 * bound)) for bound in BOUNDS), (math.inf, BEYOND))


class Counts(dict[tuple[str, str, int], tuple[int, float]]):
    """(task, name, bucket) → how many, and their seconds; the bucket is 0 where it is no histogram."""

    def add(self, task: str, name: str, bucket: int = 0, count: int = 1, seconds: float = 0.0) -> None:
        """Add so many, with so many seconds in all."""
        key = task, name, bucket
        known = self.get(key)
        self[key] = (count, seconds) if known is None else (known[0] + count, known[1] + seconds)

    def add_runs(self, task: str, verb: str, runs: Sequence[Run]) -> None:
        """Add runs of `task` that ended by `verb`; of those that had begun, how long each waited and ran."""
        self.add(task, verb, count=len(runs))
        waited, took = [], []
        for run in runs:
            if (started_at := run.started_at) is not None and (finished_at := run.finished_at) is not None:
                waited.append((started_at - run.run_at).total_seconds())
                took.append((finished_at - started_at).total_seconds())
        self.observe(task, WAIT, waited)
        self.observe(task, RUN, took)

    def observe(self, task: str, histogram: str, seconds: list[float]) -> None:
        """Add those that took so long."""
        # Sorted, each bucket is a slice: a look at each by itself would be a tenth of what a short job costs.
        seconds.sort()
        at = 0
        for bound, bucket in _BUCKETS:
            if at == len(seconds):
                break
            end = bisect_right(seconds, bound, at)
            if end > at:
                # Clocks of two machines: a wait may seem to be negative.
                self.add(task, histogram, bucket, end - at, max(0.0, sum(seconds[at:end])))
            at = end


class Total(NamedTuple):
    """One counter over all workers; `bucket` is that of a histogram, in milliseconds."""

    task: str
    name: str
    bucket: int
    value: int
    seconds: float


def _add_rows(dialect: Dialect) -> Any:
    columns: dict[str, TypeEngine[Any]] = {
        "task": String(200), "name": String(20), "bucket": BigInteger(), "count": BigInteger(),
        "seconds": Float(),
    }  # fmt: skip
    rows = dialect.row_set("counts", columns).c
    # WHERE true: without one SQLite takes ON CONFLICT for the ON of a join. All in one order: two that add
    # to the same rows would deadlock.
    source = select(bindparam("worker_id", type_=Id).label("worker"), *rows).where(true())
    ordered = source.order_by(rows.task, rows.name, rows.bucket)
    return dialect.insert_or_add(COUNTERS, ordered, "count", "seconds")


_ADD = Statement(_add_rows)
_TOTALS = (
    select(_C.task, _C.name, _C.bucket, func.sum(_C["count"]), func.sum(_C.seconds))
    .group_by(_C.task, _C.name, _C.bucket)
    .order_by(_C.task, _C.name, _C.bucket)
)
_LEFT_BEHIND = (
    select(COUNTERS)
    .where(_C.worker != SHARED, _C.worker.not_in(select(WORKERS.c.id)))
    .limit(FOLDED_AT_ONCE)
    .with_for_update(of=COUNTERS, skip_locked=True)
)
_DELETE = delete(COUNTERS).where(*(_C[name] == bindparam(f"its_{name}") for name in _KEY))


def add(conn: AnyConnection, counts: Counts, worker: str = SHARED) -> None:
    """Count, in the rows of `worker`."""
    if counts:
        rows = as_json((*key, *value) for key, value in counts.items())
        _ADD.execute(conn, worker_id=worker, counts=rows)


def add_runs(conn: AnyConnection, ended: Mapping[tuple[str, str], Sequence[Run]], worker: str) -> None:
    """Count the runs of each (task, verb) in the rows of `worker`."""
    counts = Counts()
    for (task, verb), runs in ended.items():
        counts.add_runs(task, verb, runs)
    add(conn, counts, worker)


def add_verbs(conn: AnyConnection, verbs: Iterable[tuple[str, str]]) -> None:
    """Count (task, verb) of jobs that changed outside of a worker's run."""
    counts = Counts()
    for task, verb in verbs:
        counts.add(task, verb)
    add(conn, counts)


def totals(conn: Connection) -> list[Total]:
    """All counters, by task, name and bucket."""
    return [
        Total(task, name, bucket, int(count), float(seconds))
        for task, name, bucket, count, seconds in conn.execute(_TOTALS)
    ]


def fold(conn: Connection) -> None:
    """Move what workers counted that are gone to the shared rows, FOLDED_AT_ONCE at most."""
    rows = conn.execute(_LEFT_BEHIND).all()
    counts = Counts()
    for _, task, name, bucket, count, seconds in rows:
        counts.add(task, name, bucket, count, seconds)
    add(conn, counts)
    if rows:
        conn.execute(_DELETE, [{f"its_{name}": getattr(row, name) for name in _KEY} for row in rows])
