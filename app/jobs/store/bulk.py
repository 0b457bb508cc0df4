"""Actions on many jobs: which of them one applies to, and the action on those that are locked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from ..database.tables import JOBS
from ..states import CANCELLABLE, FINAL, RUNNING
from . import jobs, queries
from .events import Cause
from .job_filters import JobFilters
from .loads import MOST_COUNTED

_J = JOBS.c
Action = Literal["cancel", "retry", "delete"]
Act = Callable[[Connection, Sequence[Any], datetime, Cause], list[str]]
"""Applies an action to those of the locked rows whose state allows it; returns their ids, and those of others
that were cancelled for them."""

_ENDED: Final = _J.state.in_(FINAL)
_APPLIES: Final[dict[Action, ColumnElement[bool]]] = {
    "cancel": or_(_J.state.in_(CANCELLABLE), and_(_J.state == RUNNING, _J.cancel_requested_at.is_(None))),
    "retry": _ENDED,
    "delete": _ENDED,
}


def _cancel(conn: Connection, locked: Sequence[Any], now: datetime, cause: Cause) -> list[str]:
    cancelled = jobs.cancel_locked(conn, locked, now, cause)
    return [*cancelled, *jobs.request_cancel_locked(conn, locked, now, cause)]


ACTIONS: Final[dict[Action, Act]] = {
    "cancel": _cancel,
    "retry": jobs.retry_locked,
    "delete": lambda conn, locked, _now, _cause: jobs.delete_locked(conn, locked),
}


def count(conn: Connection, filters: JobFilters) -> int:
    """How many jobs there are, counted to MOST_COUNTED at most."""
    return queries.count(conn, filters, MOST_COUNTED)[0]


def count_applicable(conn: Connection, action: Action, filters: JobFilters) -> int:
    """To how many of them the action applies, counted to MOST_COUNTED at most."""
    return queries.count(conn, filters, MOST_COUNTED, _APPLIES[action])[0]


def applicable(
    conn: Connection, action: Action, filters: JobFilters, most: int, *, after: str = "",
    until: datetime | None = None,
) -> list[str]:  # fmt: skip
    """The ids of the first `most` jobs beyond the id `after` to which the action applies, by id.

    With `until` only those that were there at that moment, or had ended by then: what is made or ends while
    they are worked off is not added to them.
    """
    query = select(_J.id).where(_J.id > after, _APPLIES[action])
    query = query.where(*filters.conditions(), *filters.short_cut(conn))
    if until is not None:
        query = query.where((_J.created_at if action == "cancel" else _J.finished_at) <= until)
    return list(conn.scalars(query.order_by(_J.id).limit(most)))
