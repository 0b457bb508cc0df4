"""Filters by when jobs began and ended. Pages are in the order of creation, which is another one.

Where few jobs ended within the range, these are looked up by the index of that time; where many did, a page
is full after a short way through the jobs in their order. To take the other way would read the whole table.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, select, union_all

from ..database.tables import JOBS
from ..ids import first_id_after
from ..states import FINAL, STATES

FEW: Final = 10_000
SKEW: Final = timedelta(hours=1)
"""So far the clocks of two machines may be apart: a job may seem to begin before it was made."""

_J = JOBS.c
_OPEN: Final = tuple(state for state in STATES if state not in FINAL)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def conditions(column: Any, after: datetime | None, before: datetime | None) -> list[ColumnElement[bool]]:
    """Of jobs whose time in `column` is between the two; each None is no bound."""
    found: list[ColumnElement[bool]] = []
    # Within CASE no index is chosen for them: `candidates` knows which way is short.
    if after is not None:
        found.append(case((column > after, 1), else_=0) == 1)
    if before is not None:
        found.append(case((column < before, 1), else_=0) == 1)
        # Nothing begins or ends before it was made.
        found.append(_J.id < first_id_after(before + SKEW if before < _LAST - SKEW else before))
    return found


def candidates(
    conn: Connection, started_after: datetime | None, finished_after: datetime | None,
    finished_before: datetime | None,
) -> list[ColumnElement[bool]]:  # fmt: skip
    """A condition by which the few jobs that may be within the range are found; none where these are many."""
    lower = max((each for each in (started_after, finished_after) if each is not None), default=None)
    if lower is None:
        return []
    ended = select(_J.id).where(_J.finished_at.is_not(None), _J.finished_at > lower)
    if finished_before is not None:
        ended = ended.where(_J.finished_at < finished_before)
    probe = select(func.count()).select_from(ended.limit(FEW + 1).subquery())
    if conn.execute(probe).scalar_one() > FEW:
        return []
    if finished_after is None and finished_before is None:  # what has begun need not have ended
        begun = select(_J.id).where(_J.state.in_(_OPEN), _J.started_at > lower)
        return [_J.id.in_(union_all(ended, begun))]
    return [_J.id.in_(ended)]
