"""Checks of the database: whether it answers, is complete, takes writes, and agrees on the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ...errors import DatabaseUnavailable, TablesMissing
from ...values import Finding
from ..write_check import WriteCheck
from .examined import Examined

DATABASE: Final = "database"
SCHEMA: Final = "schema"
INIT_DB: Final = "run `flask jobs init-db` or your migrations"
NEEDED: Final = (DATABASE, SCHEMA)
"""Where one of these is serious, no check that asks the database can say anything."""
MOST_SKEW: Final = timedelta(seconds=2)
"""Between two clocks: more is seen in due times, and in heartbeats that look too old."""
MOST_NAMED: Final = 5


def check(examined: Examined) -> Iterator[Finding]:
    """All of them. Raises DatabaseUnavailable where it does not answer."""
    dialect = examined.database.dialect
    with examined.database.transactions.read() as conn:
        version, found, moment = dialect.version(conn), list(dialect.examine(conn)), dialect.now(conn)
    yield Finding.ok(DATABASE, f"{version} answers")
    yield from found
    if moment is not None:
        yield _clock_finding(moment - examined.clock.now())
    yield from _schema(examined)


def unreachable(error: DatabaseUnavailable) -> Finding:
    """The finding of a database that does not answer, or has nothing of ours."""
    if isinstance(error, TablesMissing):
        return Finding.serious(SCHEMA, str(error), INIT_DB)
    hint = "see that it runs, that its address is right, and that this machine may connect"
    return Finding.serious(DATABASE, str(error), hint)


def _clock_finding(ahead: timedelta) -> Finding:
    seconds = ahead.total_seconds()
    if abs(ahead) <= MOST_SKEW:
        return Finding.ok(
            "clock", f"the clocks of this machine and of the database differ by {seconds:.1f} s"
        )
    words = f"the clock of the database is {abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}"
    return Finding.serious("clock", words, "set the clocks of all machines by NTP: due times depend on them")


def _schema(examined: Examined) -> Iterator[Finding]:
    missing = examined.database.missing()
    names = [name for addition in missing for name in addition.names]
    if not missing:
        yield Finding.ok(SCHEMA, "all tables, columns and indexes are there")
    else:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        is_vital = any(addition.is_vital for addition in missing)
        level = Finding.serious if is_vital else Finding.warning
        words = f"{', '.join(names[:MOST_NAMED])}{more} missing"
        yield level(SCHEMA, words, INIT_DB)
        if is_vital:
            return
    yield _writes(examined)


def _writes(examined: Examined) -> Finding:
    failure = WriteCheck(examined.database).failure()
    if failure is None:
        return Finding.ok("writes", "a job can be stored")
    hint = "see that the disk is not full, and that the database is not read-only or locked"
    return Finding.serious("writes", f"no job can be stored: {failure}", hint)
