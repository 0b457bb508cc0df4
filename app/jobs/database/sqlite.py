"""SQLite: one file, one writer at a time, times as text, and a driver that is faster without Core."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    event,
    func,
    select,
    text,
)
from sqlalchemy import Dialect as SQLAlchemyDialect
from sqlalchemy.dialects import sqlite as lite
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeEngine

from ..values import Finding
from . import sqlite_findings
from .dialect import LOCK_WAIT, Dialect, pool_options
from .host_engine import HostConnections, engine_beside, has_creator
from .row_sets import as_text, from_text
from .sqlite_driver import begin_nothing, is_legacy
from .sqlite_file import DatabaseFile
from .sqlite_transactions import PATIENCE, SQLiteTransactions
from .transactions import IS_WRITE, Transactions
from .write_lock import WriteLock, is_busy, set_busy_timeout

KEPT_WAL_BYTES: Final = 32 * 1024 * 1024
"""What the write-ahead log keeps of the disk once it is written back; a long reader lets it grow beyond."""


class _TextTime(lite.DATETIME):
    """UTC times as ISO text: sorts as it reads, and several times faster than the stock conversion."""

    def bind_processor(self, dialect: SQLAlchemyDialect) -> Any:
        return as_text

    def result_processor(self, dialect: SQLAlchemyDialect, coltype: object) -> Any:
        return from_text


class SQLite(Dialect):
    """A file that threads and processes share."""

    name = "sqlite"
    drivers = ("pysqlite",)
    has_schemas = False
    relations = """
        SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
        UNION ALL SELECT name, NULL FROM sqlite_master WHERE type = 'index'
    """
    true, false = "1", "0"
    # BIGINT would not be the alias of the row id, and would not count up.
    types: ClassVar[Mapping[type[TypeEngine[Any]], TypeEngine[Any]]] = {
        DateTime: _TextTime(),  # type: ignore[no-untyped-call]
        BigInteger: Integer(),
    }
    insert = staticmethod(lite.insert)
    to_driver = staticmethod(as_text)
    from_driver = staticmethod(from_text)

    def connect(self, host: Engine, schema: str | None, *, threads: int, synchronous: str) -> Transactions:
        """An engine whose writers take the write lock before they begin."""
        args = {"timeout": LOCK_WAIT, "check_same_thread": False}
        # A creator may open another file than the URL names: then the first connection says which.
        file = DatabaseFile(None if has_creator(host) else str(host.url.database))
        connections = HostConnections(host, args, self.take_over, before=file.check)
        engine = engine_beside(host, schema, connections, **pool_options(threads))
        lock = WriteLock(LOCK_WAIT)
        _listen(engine, synchronous, lock)
        transactions = SQLiteTransactions(engine, self.translate, lock, file)
        transactions.follow(host)
        return transactions

    def take_over(self, driver: Any) -> None:
        """Nothing, before listeners on all engines had their turn."""

    def is_memory(self, url: URL) -> bool:
        """Whether there is no file."""
        return (url.database or "") in ("", ":memory:") or "mode=memory" in str(url)

    def file_name(self, url: URL) -> str | None:
        """Its path; what begins with `file:` is for SQLite to understand."""
        return None if url.database is None or url.database.startswith("file:") else url.database

    def version(self, conn: Connection) -> str:
        """Of the library."""
        return f"SQLite {sqlite3.sqlite_version}"

    def examine(self, conn: Connection) -> Iterator[Finding]:
        """Journal, durability, file system, disk."""
        return sqlite_findings.examine(conn)

    def lock_schema(self, conn: Connection) -> None:
        """Whoever writes is alone."""

    def is_lock_timeout(self, error: BaseException | None) -> bool:
        """By SQLite's code."""
        driver = getattr(error, "orig", None)
        return isinstance(driver, sqlite3.Error) and is_busy(driver)

    def release_column(self, table: str, column: str) -> str:
        """Nothing less than dropping it: SQLite cannot alter a column."""
        return f"ALTER TABLE {table} DROP COLUMN {column}"

    def holds_write_lock(self, host: Connection, ours: Transactions) -> bool:
        """Whether it has begun, and we cannot write.

        Usually the driver begins, and with the first write only; but by SQLAlchemy's recipe, or the driver's
        `autocommit`, a host may begin with a read, and then it may be somebody else who writes, for a moment.
        """
        driver: Any = host.connection.dbapi_connection
        if not driver.in_transaction:
            return False
        begins_with_writes = driver.isolation_level is not None and is_legacy(driver)
        return not ours.can_write(0.0 if begins_with_writes else PATIENCE)

    @contextmanager
    def trial(self, conn: Connection) -> Iterator[None]:
        """With a small cache: else what is rolled back never reaches the disk, which may be full."""
        usual = conn.exec_driver_sql("PRAGMA cache_size").scalar()
        conn.exec_driver_sql("PRAGMA cache_size = 1")
        try:
            yield
        finally:
            conn.exec_driver_sql(f"PRAGMA cache_size = {usual}")

    def texts(self, parameter: str) -> Select[Any]:
        """By `json_each`."""
        return select(func.json_each(bindparam(parameter, type_=Text)).table_valued("value").c.value)

    def row_set(self, parameter: str, columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
        """By `json_each` and `json_extract`; values have the types of the JSON."""
        row = func.json_each(bindparam(parameter, type_=Text)).table_valued("value").c.value
        cells = [
            func.json_extract(row, text(f"'$[{i}]'"), type_=type_).label(name)
            for i, (name, type_) in enumerate(columns.items())
        ]
        return select(*cells).subquery("row_set")

    def json_at(self, column: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
        """By `json_extract` of the path twice: that is a list of two equal texts, with one it is a value."""
        where = "$" + "".join(f'."{name}"' for name in path)
        twice = func.json_extract(column, where, where)
        once = func.substr(twice, 2, (func.length(twice) - 3) / 2)
        return case((func.json_type(column, where).is_not(None), once))

    def packed(self, columns: Sequence[ColumnElement[Any]], condition: ColumnElement[bool]) -> Select[Any]:
        """All rows as one JSON text: Python's driver releases the interpreter's lock for each row."""
        return select(func.json_group_array(func.json_array(*columns))).where(condition)

    def unpack(self, cursor: Any) -> Sequence[Sequence[Any]]:
        """The rows of the JSON text; its values are those that the driver would have given."""
        rows: Sequence[Sequence[Any]] = json.loads(cursor.fetchone()[0])
        return rows

    def public_reason(self, error: BaseException | None) -> str | None:
        """Its messages are short and name tables and columns at most."""
        return str(error)

    def is_incomplete(self, error: BaseException | None) -> bool:
        """By its message: the code is that of any wrong statement."""
        return any(words in str(error) for words in ("no such table", "no such column", "no column named"))


def _listen(engine: Engine, synchronous: str, lock: WriteLock) -> None:
    """WAL, durability and explicit transactions, on every connection."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        begin_nothing(connection)
        set_busy_timeout(connection, LOCK_WAIT)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute(f"PRAGMA journal_size_limit={KEPT_WAL_BYTES}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # By the driver itself, which is several times as fast: every transaction pays for it.
        driver: Any = connection.connection.dbapi_connection
        try:
            if driver.in_transaction:  # a listener of the host's on all engines has begun it
                driver.rollback()
            # A read that becomes a write fails at once where another has written: writes begin as such.
            if connection.get_execution_options().get(IS_WRITE):
                lock.begin_with_busy_timeout(driver)
            else:
                driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise OperationalError("BEGIN", None, error) from error
