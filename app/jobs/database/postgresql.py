"""PostgreSQL: row locks, its own JSON functions and error codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import JSON, Connection, Select, Subquery, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from .dialect import LOCK_WAIT, Dialect

UNDEFINED_TABLE: Final = "42P01"
CONFLICTS: Final = ("40P01", "40001")
"""SQLSTATEs of a deadlock's victim, and of a transaction that could not be serialized."""
SCHEMA_LOCK: Final = 7466667376


class PostgreSQL(Dialect):
    """A server."""

    name = "postgresql"

    def connect_args(self) -> dict[str, Any]:
        """Sessions in UTC: times that come as text within JSON have no zone."""
        return {"connect_timeout": int(LOCK_WAIT), "options": "-c timezone=UTC"}

    def lock_schema(self, conn: Connection) -> None:
        """CREATE TABLE IF NOT EXISTS still races on the catalogue: one process at a time."""
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")

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

    def is_missing_table(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return bool(_sqlstate(error) == UNDEFINED_TABLE)

    def is_conflict(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return _sqlstate(error) in CONFLICTS


def _sqlstate(error: BaseException | None) -> Any:
    return getattr(error, "sqlstate", None)
