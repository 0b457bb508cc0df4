"""Batches: how far they are, whose ends are counted, and which of their jobs are cancelled or retried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from ..database.row_sets import as_json
from ..database.statements import InsertStatement, Statement
from ..database.supported import dialect_of
from ..database.tables import BATCHES, JOBS
from ..database.transactions import AnyConnection
from ..states import STATES, SUCCEEDED, is_final
from ..values import Batch
from .distinct import distinct_values

_J = JOBS.c
_B = BATCHES.c
_INSERT = InsertStatement(BATCHES, "id", "total", "pending", "failed", "on_done", "on_success", "created_at")
_AWAIT = Statement(
    update(JOBS).where(_J.batch_id == bindparam("of_batch")).values(awaited=True)
)  # fmt: skip
_COUNT = Statement(
    update(BATCHES)
    .where(_B.id == bindparam("counted"))
    .values(pending=_B.pending - bindparam("ended"), failed=_B.failed + bindparam("without_success"))
)
_COUNTED = Statement(
    lambda dialect: (
        select(_B.id, _B.pending, _B.failed).where(_B.id.in_(dialect.texts("ids"))).order_by(_B.id)
    )
)


class NewBatch(NamedTuple):
    """A batch to store before its jobs; `on_done` and `on_success` are ids of the jobs that wait for it."""

    id: str
    total: int
    created_at: datetime
    on_done: str | None = None
    on_success: str | None = None


class Ended(Protocol):
    """What of a final job concerns its batch."""

    @property
    def batch_id(self) -> str | None:
        """The batch, if it is in one."""

    @property
    def state(self) -> str:
        """The final state."""


def insert(conn: AnyConnection, batch: NewBatch) -> None:
    """Store a batch whose jobs are to be counted."""
    created = dialect_of(conn).to_driver(batch.created_at)
    _INSERT.execute_rows(
        conn, [(batch.id, batch.total, batch.total, 0, batch.on_done, batch.on_success, created)]
    )


def await_jobs(conn: AnyConnection, batch_id: str) -> None:
    """From here on each end of its jobs is counted."""
    _AWAIT.execute(conn, of_batch=batch_id)


def count_ends(conn: AnyConnection, ended: Sequence[Ended]) -> list[Any]:
    """Count ends, one UPDATE for each batch: rows (id, pending, failed) of those that have ended with it."""
    return [row for row in _count(conn, ended, 1) if row.pending == 0]


def count_restarts(conn: AnyConnection, ended: Sequence[Ended]) -> list[str]:
    """Take ends back: the ids of the batches that had ended, and go on."""
    restarted = Counter(each.batch_id for each in ended)
    return [row.id for row in _count(conn, ended, -1) if row.pending == restarted[row.id]]


def _count(conn: AnyConnection, ended: Sequence[Ended], sign: int) -> Sequence[Any]:
    total = Counter(each.batch_id for each in ended if each.batch_id is not None)
    failed = Counter(each.batch_id for each in ended if each.state != SUCCEEDED)
    # In one order, as all rows that several transactions lock.
    for batch_id in sorted(total):
        _COUNT.execute(
            conn, counted=batch_id, ended=sign * total[batch_id], without_success=sign * failed[batch_id]
        )
    return _COUNTED.rows(conn, ids=as_json(total)) if total else ()


def latest(conn: Connection, most: int, before: str | None = None) -> list[str]:
    """The ids of up to `most` batches that have jobs, the newest first, those before the id `before`."""
    conditions = [_J.batch_id.is_not(None), *([] if before is None else [_J.batch_id < before])]
    return list(conn.scalars(distinct_values(_J.batch_id, *conditions, newest_first=True).limit(most)))


def get(conn: Connection, batch_id: str) -> Batch | None:
    """How a batch stands, or None where it has no job (any more), and was not made without one."""
    states = conn.execute(
        select(_J.state, func.count().label("jobs"), func.min(_J.created_at).label("since"))
        .where(_J.batch_id == batch_id)
        .group_by(_J.state)
    ).all()
    row = conn.execute(select(BATCHES).where(_B.id == batch_id)).one_or_none()
    if not states and (row is None or row.total):
        return None
    created_at = row.created_at if row is not None else min(each.since for each in states)
    on_done, on_success = (None, None) if row is None else (row.on_done, row.on_success)
    return batch_of(batch_id, {each.state: each.jobs for each in states}, created_at, on_done, on_success)


def batch_of(
    batch_id: str,
    states: Mapping[Any, int],
    created_at: datetime,
    on_done: str | None,
    on_success: str | None,
) -> Batch:
    """The value of a batch that has so many jobs in each of these states."""
    counts = {**dict.fromkeys(STATES, 0), **states}
    total = sum(counts.values())
    done = sum(jobs for state, jobs in counts.items() if is_final(state))
    percent = round(100 * done / total, 2) if total else 100.0
    return Batch(
        id=batch_id, total=total, counts=counts, created_at=created_at, on_done=on_done,
        on_success=on_success, progress={"current": done, "total": total, "percent": percent},
    )  # fmt: skip


def prune(conn: Connection, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` batches of before `before` whose jobs are all deleted. How many."""
    left = exists().where(_J.batch_id == _B.id, _J.batch_id.is_not(None))
    old = select(_B.id).where(_B.created_at < before, ~left).order_by(_B.created_at).limit(limit)
    return conn.execute(delete(BATCHES).where(_B.id.in_(list(conn.scalars(old))))).rowcount
