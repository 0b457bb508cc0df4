"""Leases: who does something that one process at a time is enough for. They save work, no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ..models import LEASES

_L = LEASES.c


def take(conn: Connection, name: str, holder: str, now: datetime, seconds: float) -> datetime | None:
    """Take or keep the lease for `seconds` from `now`: None. Or else until when another has it."""
    until = now + timedelta(seconds=seconds)
    # What is valid for longer than anybody asks for was taken before the clock was set back.
    free = or_(_L.holder == holder, _L.until <= now, _L.until > until + timedelta(seconds=seconds))
    taken = update(LEASES).where(_L.name == name, free).values(holder=holder, until=until)
    if conn.execute(taken).rowcount == 1:
        return None
    held_until: Any = conn.scalar(select(_L.until).where(_L.name == name))
    if held_until is not None:
        return held_until  # type: ignore[no-any-return]
    try:
        with conn.begin_nested():
            conn.execute(insert(LEASES).values(name=name, holder=holder, until=until))
    except IntegrityError:  # another process was first
        return until
    return None
