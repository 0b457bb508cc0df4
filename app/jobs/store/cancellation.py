"""Cancelled: the guarded statement by which jobs that do not run end, whoever or whatever ends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, Update, bindparam, case, false, or_, update

from ..database.columns import Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, unindexed
from ..database.statements import Statement
from ..database.tables import JOBS
from ..database.transactions import AnyConnection
from ..states import CANCELLABLE, CANCELLED
from . import counters
from .events import Event, record

_J = JOBS.c


def _cancel(dialect: Dialect) -> Update:
    idle = or_(*(unindexed(_J.state) == state for state in CANCELLABLE))
    return (
        update(JOBS)
        .where(_J.id.in_(dialect.texts("ids")), idle)
        .values(
            state=CANCELLED, due=false(), wake_at=None, parked=None,
            unmet=case((bindparam("waits_again", type_=Boolean), _J.unmet)),
            finished_at=bindparam("now", type_=Time),
            cancel_requested_at=bindparam("requested_at", type_=Time), version=_J.version + 1,
        )
    )  # fmt: skip


_CANCEL: Final = Statement(_cancel)


def cancel(
    conn: AnyConnection, reasons: Sequence[tuple[Any, str | None]], now: datetime, *,
    is_requested: bool = False, waits_again: bool = False, by: str | None = None,
) -> None:  # fmt: skip
    """Cancel jobs that do not run, each for a reason; their rows (id, task, state, attempt) are locked.

    `is_requested`: somebody has asked for it, `by` name if that is known. With `waits_again` they keep how
    many they wait for, by which a retry of one of those restores them. What waits for them is the caller's
    to tell, see `finals`.
    """
    if not reasons:
        return
    rows = [row for row, _ in reasons]
    applied = _CANCEL.execute(
        conn, ids=as_json(row.id for row in rows), now=now, requested_at=now if is_requested else None,
        waits_again=waits_again,
    )  # fmt: skip
    assert applied == len(rows), "a job that was to be cancelled changed under our lock"
    record(
        conn, now,
        [Event(row.id, "cancelled", row.state, CANCELLED, row.attempt, None, why) for row, why in reasons],
        by,
    )  # fmt: skip
    counters.add_verbs(conn, [(row.task, "cancelled") for row in rows])
