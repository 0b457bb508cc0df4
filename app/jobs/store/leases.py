"""Leases: which process does something that one at a time is enough for.

`take` is for a time and saves work, no more; `occupy` is for as long as a worker lives.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ..database.columns import Id
from ..database.statements import Statement
from ..database.tables import LEASES, WORKERS
from ..database.transactions import AnyConnection
from ..errors import TransactionConflict

SCHEDULES: Final = "schedules:"
"""The names of the leases under which fire times are decided begin so."""
QUARANTINE: Final = "quarantine"
"""Who runs a job alone that has ended with its process twice, or waits to be idle for it."""
UNSERVED: Final = "unserved"
"""Who logs how many jobs nobody serves."""
OVERDUE: Final = "overdue"
"""Who sends the signals of overdue schedules."""

_L = LEASES.c
_ME = bindparam("me", type_=Id)
_TAKE = Statement(
    update(LEASES)
    .where(
        _L.name == bindparam("lease"),
        # What is valid for longer than anybody asks for was taken before the clock was set back.
        or_(_L.holder == _ME, _L.until <= bindparam("now"), _L.until > bindparam("too_long")),
    )
    .values(holder=_ME, until=bindparam("ends"))
)

_HELD = Statement(select(_L.holder).where(_L.name == bindparam("lease")))
_OCCUPY = Statement(
    update(LEASES)
    .where(
        _L.name == bindparam("lease"), or_(_L.holder == _ME, _L.holder.not_in(select(WORKERS.c.id)))
    )
    .values(holder=_ME, until=bindparam("now"))
)  # fmt: skip
_CREATE = Statement(insert(LEASES).values(name=bindparam("lease"), holder=_ME, until=bindparam("now")))
_RELEASE = Statement(delete(LEASES).where(_L.name == bindparam("lease"), _L.holder == _ME))


def take(conn: Connection, name: str, holder: str, now: datetime, seconds: float) -> datetime | None:
    """Take or keep the lease for `seconds` from `now`: None. Or else until when another has it."""
    until = now + timedelta(seconds=seconds)
    too_long = until + timedelta(seconds=seconds)
    if _TAKE.execute(conn, lease=name, me=holder, now=now, ends=until, too_long=too_long):
        return None
    held_until: Any = conn.scalar(select(_L.until).where(_L.name == name))
    if held_until is not None:
        return held_until  # type: ignore[no-any-return]
    try:  # in a savepoint: PostgreSQL ends the whole transaction at the first error
        with conn.begin_nested():
            conn.execute(insert(LEASES).values(name=name, holder=holder, until=until))
    except IntegrityError:  # another process was first
        return until
    return None


def occupy(conn: AnyConnection, name: str, worker: str, now: datetime) -> bool:
    """Whether `worker` has the lease: until it releases it, or has no row among the workers any more.

    Raises TransactionConflict where another one was faster by a moment.
    """
    values = {"lease": name, "me": worker, "now": now}
    if _OCCUPY.execute(conn, **values):
        return True
    if _HELD.scalar(conn, lease=name) is not None:
        return False
    try:
        _CREATE.execute(conn, **values)
    except IntegrityError as error:
        raise TransactionConflict from error
    return True


def release(conn: AnyConnection, name: str, worker: str) -> None:
    """The lease is free, if `worker` had it."""
    _RELEASE.execute(conn, lease=name, me=worker)


def holders(conn: Connection, prefix: str) -> set[str]:
    """Who has, or was the last to have, a lease whose name begins so."""
    return set(conn.scalars(select(_L.holder).where(_L.name.startswith(prefix, autoescape=True))))
