"""PostgreSQL: row locks, its own JSON functions and error codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import (
    JSON,
    TIMESTAMP,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Select,
    Subquery,
    Text,
    TypeDecorator,
    bindparam,
    cast,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from ..values import Finding
from .dialect import LOCK_WAIT, Dialect
from .postgresql_transactions import CONNECT_WAIT, TCP, bound_waits, lift_limits
from .transactions import Transactions

UNDEFINED: Final = ("42P01", "42703")
"""SQLSTATEs of a table and of a column that do not exist."""
CONFLICTS: Final = ("40P01", "40001")
"""SQLSTATEs of a deadlock's victim, and of a transaction that could not be serialized."""
LOCK_NOT_AVAILABLE: Final = "55P03"
OUTAGES: Final = ("08", "25", "53", "54", "55", "57", "58", "XX")
"""Classes of SQLSTATE by which a server says that it cannot, not that the statement is wrong."""
SCHEMA_LOCK: Final = 7466667376
MOST_USED: Final = 0.9
"""Of its connections: when more are in use, a burst finds none."""


def as_utc(value: Any) -> datetime | None:
    """The same moment in UTC: drivers give it in the zone of the session, which is the host's to choose."""
    moment: datetime | None = value
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


class _UTCTime(TypeDecorator[datetime]):
    """An aware time that is read in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        return as_utc(value)


class PostgreSQL(Dialect):
    """A server, reached by any of three drivers, through PgBouncer too: nothing is set for a session."""

    name = "postgresql"
    drivers = ("psycopg", "psycopg2", "pg8000")
    pool_pre_ping = False  # the first statement of each transaction is the test
    relations = """
        SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relkind IN ('r', 'p')
        WHERE c.relkind IN ('r', 'p', 'i', 'I') AND strpos(c.relname, 'simmer_') > 0
            AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid)
                ELSE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = CAST(:schema AS text)) END
    """
    types: ClassVar[Mapping[type[TypeEngine[Any]], TypeEngine[Any]]] = {DateTime: _UTCTime()}
    from_driver = staticmethod(as_utc)

    def connect_args(self, driver: str) -> dict[str, Any]:
        """How long a server may be silent; pg8000 has one time limit for a connection and for each answer."""
        return {"timeout": int(LOCK_WAIT)} if driver == "pg8000" else {"connect_timeout": CONNECT_WAIT, **TCP}

    def connect(self, host: Engine, schema: str | None, *, threads: int, synchronous: str) -> Transactions:
        """Transactions with limits on what they wait for."""
        made = super().connect(host, schema, threads=threads, synchronous=synchronous)
        bound_waits(made.engine)
        return made

    def take_over(self, driver: Any) -> None:
        """Transactions at the server's level of isolation: claims skip what others have locked."""
        driver.autocommit = False
        if hasattr(driver, "isolation_level"):
            driver.isolation_level = None

    def version(self, conn: Connection) -> str:
        """Of the server."""
        return f"PostgreSQL {conn.exec_driver_sql('SHOW server_version').scalar()}"

    def now(self, conn: Connection) -> datetime | None:
        """By `clock_timestamp`, which goes on within a transaction."""
        return as_utc(conn.exec_driver_sql("SELECT clock_timestamp()").scalar())

    def examine(self, conn: Connection) -> Iterator[Finding]:
        """Its connections."""
        used = int(
            conn.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).scalar()
            or 0
        )
        most = int(conn.exec_driver_sql("SHOW max_connections").scalar() or 0)
        if used >= MOST_USED * most:
            hint = "raise max_connections, or put PgBouncer in front of it"
            yield Finding.warning("server connections", f"{used} of {most} are in use", hint)
        else:
            yield Finding.ok("server connections", f"{used} of {most} are in use")

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
            _cell(row.op("->>")(text(str(i))), type_).label(name)
            for i, (name, type_) in enumerate(columns.items())
        ]
        return select(*cells).subquery("row_set")

    def json_at(self, column: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
        """By `json_extract_path`."""
        return cast(func.json_extract_path(cast(column, JSON), *path), Text)

    def public_reason(self, error: BaseException | None) -> str | None:
        """The server's primary message; what a failed login or a driver says may name users and hosts."""
        if (state := _sqlstate(error)) is None or state.startswith("28"):
            return None
        return getattr(getattr(error, "diag", None), "message_primary", None) or _fields(error).get("M")

    def is_incomplete(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return _sqlstate(error) in UNDEFINED

    def is_lock_timeout(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return bool(_sqlstate(getattr(error, "orig", None)) == LOCK_NOT_AVAILABLE)

    def is_mistake(self, error: DBAPIError) -> bool:
        """By its SQLSTATE too: for pg8000 almost everything is a ProgrammingError."""
        return super().is_mistake(error) and str(_sqlstate(error.orig))[:2] not in OUTAGES

    def is_conflict(self, error: BaseException | None) -> bool:
        """By its SQLSTATE."""
        return _sqlstate(error) in CONFLICTS


def _cell(value: ColumnElement[Any], type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """The text `value` as a value of the type; times, which `as_text` writes without a zone, are in UTC."""
    if isinstance(type_, DateTime):
        return func.timezone(text("'UTC'"), cast(value, TIMESTAMP), type_=type_)
    return cast(value, type_)


def _sqlstate(error: BaseException | None) -> Any:
    """The five characters, by the words of each driver: psycopg, psycopg2, pg8000."""
    said = _fields(error).get("C")
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or said


def _fields(error: BaseException | None) -> Mapping[str, Any]:
    """What pg8000 raises of a server's message: a dict whose keys are those of the protocol."""
    given = error.args[0] if error is not None and error.args else None
    return given if isinstance(given, Mapping) else {}
