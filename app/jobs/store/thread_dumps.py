"""Requests for what the threads of a worker do, and its answers: how a process asks another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from ..database.tables import THREAD_DUMPS, WORKERS
from ..ids import new_id

_T = THREAD_DUMPS.c
KEPT: Final = timedelta(minutes=5)
"""Longer than anybody waits, and than the clocks of two machines differ."""


def request(conn: Connection, worker_id: str, now: datetime) -> str | None:
    """Ask a worker; the id of the request, or None where there is no such worker."""
    if conn.execute(select(WORKERS.c.id).where(WORKERS.c.id == worker_id)).first() is None:
        return None
    made = new_id()
    conn.execute(insert(THREAD_DUMPS).values(id=made, worker=worker_id, requested_at=now))
    return made


def is_requested(conn: Connection, worker_id: str) -> bool:
    """Whether somebody waits for an answer of that worker."""
    waiting = select(_T.id).where(_T.worker == worker_id, _T.answer.is_(None)).limit(1)
    return conn.execute(waiting).first() is not None


def answer(conn: Connection, worker_id: str, text: str) -> int:
    """Answer all who wait for that worker with `text`. How many there were."""
    waiting = update(THREAD_DUMPS).where(_T.worker == worker_id, _T.answer.is_(None))
    return conn.execute(waiting.values(answer=text)).rowcount


def answer_to(conn: Connection, request_id: str) -> str | None:
    """The answer; None while there is none."""
    found: str | None = conn.scalar(select(_T.answer).where(_T.id == request_id))
    return found


def prune(conn: Connection, now: datetime) -> int:
    """Forget requests and answers that are older than KEPT. How many there were."""
    return conn.execute(delete(THREAD_DUMPS).where(_T.requested_at <= now - KEPT)).rowcount
