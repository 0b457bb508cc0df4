"""Idempotency keys: what the first request with a key made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select

from ..database.dialect import Dialect
from ..database.statements import BoundStatement, InsertStatement, Statement
from ..database.tables import IDEMPOTENCY

KEPT: Final = timedelta(hours=24)
_T = IDEMPOTENCY


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key: whose it is, what it says, and a digest of what was asked for with it."""

    scope: str
    key: str
    fingerprint: str


_FORGET = Statement(
    delete(_T).where(
        _T.c.scope == bindparam("scope"), _T.c.key == bindparam("key"), _T.c.created_at <= bindparam("old")
    )
)
_REMEMBER = InsertStatement(_T, "scope", "key", "fingerprint", "resource_id", "created_at")


def find(conn: Connection, key: RequestKey, now: datetime) -> Any:
    """The row of the first request with `key` in the last 24 hours (fingerprint, resource_id), or None."""
    mine = (_T.c.scope == key.scope, _T.c.key == key.key, _T.c.created_at > now - KEPT)
    return conn.execute(select(_T.c.fingerprint, _T.c.resource_id).where(*mine)).one_or_none()


def bind_remember(dialect: Dialect, key: RequestKey, resource_id: str, now: datetime) -> list[BoundStatement]:
    """The statements that enter the key; an IntegrityError where somebody else entered it in the meantime."""
    # An old key is deleted by the INSERT's own transaction: pruning may come later than the 24 hours.
    row = (key.scope, key.key, key.fingerprint, resource_id, dialect.to_driver(now))
    return [_FORGET.bind(scope=key.scope, key=key.key, old=now - KEPT), _REMEMBER.bind([row])]


def prune(conn: Connection, now: datetime) -> int:
    """Forget keys older than 24 hours. How many there were."""
    return conn.execute(delete(_T).where(_T.c.created_at <= now - KEPT)).rowcount
