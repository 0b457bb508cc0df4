"""PostgreSQL: row locks, its own JSON functions and error codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import JSON, URL, Connection, Select, Subquery, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from .dialect import Dialect
from .postgresql_transactions import CONNECT_WAIT, TCP, bound_waits, lift_limits
from .transactions import Transactions

UNDEFINED: Final = ("42P01", "42703")
"""SQLSTATEs of a table and of a column that do not exist."""
CONFLICTS: Final = ("40P01", "40001")
"""SQLSTATEs of a deadlock's victim, and of a transaction that could not be serialized."""
LOCK_NOT_AVAILABLE: Final = "55P03"
SCHEMA_LOCK: Final = 7466667376


class PostgreSQL(Dialect):
    """A server."""

    name = "postgresql"
    pool_pre_ping = False  # the first statement of each transaction is the test
    relations = """
        SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relkind IN ('r', 'p')
        WHERE c.relkind IN ('r', 'p', 'i', 'I') AND strpos(c.relname, 'simmer_') > 0
            AND pg_table_is_visible(c.oid)
    """

    def connect_args(self) -> dict[str, Any]:
        """Limits on how long a server may be silent; what is set for a session is set by each transaction."""
        return {"connect_timeout": CONNECT_WAIT, **TCP}

    def connect(self, url: URL, *, threads: int, synchronous: str) -> Transactions:
        """Transactions with limits on what they wait for."""
        made = super().connect(url, threads=threads, synchronous=synchronous)
        bound_waits(made.engine)
        return made

    def lock_schema(self, conn: Connection) -> None:
        """CREATE TABLE IF NOT EXISTS still races on the catalogue: one process at a time.

        An index of a large table takes its time, here and in the process that is waited for.
        """
        lift_limits(conn)
        conn.exec_driver_sql("SET LOCAL lock_timeout = 0")
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
        # Whoever waits for the lock of an ALTER TABLE makes all wait that come after: better try again.
        conn.exec_driver_sql("SET LOCAL lock_timeout = '300ms'")

    @contextmanager
    def trial(self, conn: Connection) -> Iterator[None]:
        """It waits a second for the locks of others, and not for ever."""
        conn.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        yield

    insert = staticmethod(insert)

    def texts(self, parameter: str) -> Select[Any]:
        """By `json_array_elements_text`."""
        values = cast(bindparam(parameter, type_=Text), JSON)
        return select(func.json_array_elements_text(values).table_valued("value").c.value)

    def row_set(self, parameter: str, columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
        """By `json_array_elements`; each value is cast to the type of its column."""
        values = cast(bindparam(parameter, type_=Text), JSON)
        row = func.json_array_elements(values).table_valued("value").c.value
        cells = [
            cast(row.op("->>")(text(str(i))), type_).label(name)
            for i, (name, type_) in enumerate(columns.items())
        ]
        return select(*cells).subquery("row_set")

    def public_reason(self, error: BaseException | None) -> str | None:
        """The server's primary message; what a failed login or a driver says may name users and hosts."""
        if (state := _sqlstate(error)) is None or state.startswith("28"):
            return None
        return getattr(getattr(error, "diag", None), "message_primary", None)

    def is_incomplete(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return _sqlstate(error) in UNDEFINED

    def is_lock_timeout(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return bool(_sqlstate(getattr(error, "orig", None)) == LOCK_NOT_AVAILABLE)

    def is_conflict(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return _sqlstate(error) in CONFLICTS


def _sqlstate(error: BaseException | None) -> Any:
    return getattr(error, "sqlstate", None)
