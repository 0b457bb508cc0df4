"""What SQLite needs of its own: pragmas, transactions that are begun by hand, and a short way to commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

Statements = Iterable[tuple[str, Sequence[tuple[Any, ...]]]]
"""Each with the rows that it is executed with."""


def prepare(engine: Engine, synchronous: str) -> None:
    """WAL, durability and explicit transactions, on every connection."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("simmer_write", False)
        begin = "BEGIN IMMEDIATE" if write else "BEGIN"
        # By the driver itself, which is several times as fast: every transaction pays for it.
        driver: Any = connection.connection.dbapi_connection
        try:
            driver.execute(begin)
        except sqlite3.Error as error:
            raise OperationalError(begin, None, error) from error


class QuickWriter:
    """Commits what is known beforehand by the driver alone, on a connection that it keeps; for any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[PoolProxiedConnection] = []

    def apply(self, statements: Statements) -> None:
        """Commit the statements, all or none. Raises SQLAlchemy's errors."""
        kept = self._take()
        connection: Any = kept.dbapi_connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for sql, rows in statements:
                connection.executemany(sql, rows)
            connection.execute("COMMIT")
        except BaseException as error:
            connection.rollback()  # does nothing where BEGIN has failed
            if isinstance(error, sqlite3.Error):
                raise DBAPIError.instance(None, None, error, sqlite3.Error) from error
            raise
        finally:
            self._idle.append(kept)

    def close(self) -> None:
        """Give back what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> PoolProxiedConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.raw_connection()
