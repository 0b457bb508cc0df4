"""Idempotency keys: which job the first request with a key made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from ..models import IDEMPOTENCY

KEPT: Final = timedelta(hours=24)
_T = IDEMPOTENCY


def find(conn: Connection, scope: str, key: str, now: datetime) -> Any:
    """The row of the first request with `key` in the last 24 hours (fingerprint, job_id), or None."""
    mine = (_T.c.scope == scope, _T.c.key == key, _T.c.created_at > now - KEPT)
    return conn.execute(select(_T.c.fingerprint, _T.c.job_id).where(*mine)).one_or_none()


def remember(conn: Connection, scope: str, key: str, fingerprint: str, job_id: str, now: datetime) -> None:
    """Enter the key. Raises IntegrityError where somebody else entered it in the meantime."""
    conn.execute(delete(_T).where(_T.c.scope == scope, _T.c.key == key, _T.c.created_at <= now - KEPT))
    row = {"scope": scope, "key": key, "fingerprint": fingerprint, "job_id": job_id, "created_at": now}
    conn.execute(insert(_T).values(**row))


def prune(conn: Connection, now: datetime) -> int:
    """Forget keys older than 24 hours. How many there were."""
    return conn.execute(delete(_T).where(_T.c.created_at <= now - KEPT)).rowcount
