"""Idempotency keys: which job the first request with a key made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Dialect, delete, select

from ..database.columns import to_driver
from ..database.tables import IDEMPOTENCY
from ..database.writes import Template, Write

KEPT: Final = timedelta(hours=24)
_T = IDEMPOTENCY


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key: whose it is, what it says, and a digest of what was asked for with it."""

    scope: str
    key: str
    fingerprint: str


_FORGET = Template(f"DELETE FROM {_T.name} WHERE scope = ? AND key = ? AND created_at <= ?")
_REMEMBER = Template.insert(_T, "scope", "key", "fingerprint", "job_id", "created_at")


def find(conn: Connection, key: RequestKey, now: datetime) -> Any:
    """The row of the first request with `key` in the last 24 hours (fingerprint, job_id), or None."""
    mine = (_T.c.scope == key.scope, _T.c.key == key.key, _T.c.created_at > now - KEPT)
    return conn.execute(select(_T.c.fingerprint, _T.c.job_id).where(*mine)).one_or_none()


def remembered(dialect: Dialect, key: RequestKey, job_id: str, now: datetime) -> list[Write]:
    """What enters the key; an IntegrityError where somebody else entered it in the meantime."""
    time = to_driver(dialect)
    row = (key.scope, key.key, key.fingerprint, job_id, time(now))
    old = (key.scope, key.key, time(now - KEPT))
    return [_FORGET.on(dialect, [old]), _REMEMBER.on(dialect, [row])]


def prune(conn: Connection, now: datetime) -> int:
    """Forget keys older than 24 hours. How many there were."""
    return conn.execute(delete(_T).where(_T.c.created_at <= now - KEPT)).rowcount
