"""Expiry: jobs whose time was over before anybody claimed them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select, text

from ..database.statements import Statement
from ..database.tables import JOBS, MAY_EXPIRE
from ..database.transactions import AnyConnection
from ..states import CANCELLED
from . import cancellation, finals

REASON: Final = "it expired before it had begun"
_J = JOBS.c
_MAY_EXPIRE = text(MAY_EXPIRE)  # as the index says it, by which the rows are found
_NEXT = Statement(select(_J.expires_at).where(_MAY_EXPIRE).order_by(_J.expires_at).limit(1))
_EXPIRED = (
    select(_J.id, _J.task, _J.state, _J.attempt, _J.unique_key, _J.awaited, _J.batch_id)
    .where(_MAY_EXPIRE, _J.expires_at <= bindparam("now"))
    .order_by(_J.expires_at)
    .limit(bindparam("most"))
    # What is locked is being claimed, changed or cancelled by somebody at this moment.
    .with_for_update(skip_locked=True)
)


def next_expiry(conn: AnyConnection) -> datetime | None:
    """When the next job expires, unless it is claimed before."""
    found: datetime | None = _NEXT.scalar(conn)
    return found


def expire(conn: Connection, now: datetime, limit: int = 500) -> list[str]:
    """Cancel up to `limit` jobs whose time is over. Their ids, and those of what was cancelled for them."""
    rows = conn.execute(_EXPIRED, {"now": now, "most": limit}).all()
    cancellation.cancel(conn, [(row, REASON) for row in rows], now)
    followers = finals.follow(conn, [finals.Final.of(row, CANCELLED) for row in rows], now)
    return [*(row.id for row in rows), *followers]
