"""What SQLite needs of its own: pragmas, transactions that are begun by hand, and a short way to commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from .write_lock import Turn, wait_for_locks

Statements = Iterable[tuple[str, tuple[Any, ...]]]
"""In the driver's words, each with its values."""
Visit = AbstractContextManager[None]
"""What is to be entered before the database is; raises what it makes of SQLAlchemy's errors."""
MOST_KEPT: Final = 4
"""Connections of each kind that are kept; where more are needed at once they are the pool's."""


class Plain(NamedTuple):
    """As much of a connection as the driver's words need; `exec_driver_sql` returns a cursor."""

    dialect: Dialect
    exec_driver_sql: Callable[[str, tuple[Any, ...]], Any]


def prepare(engine: Engine, synchronous: str, turn: Turn) -> None:
    """WAL, durability and explicit transactions, on every connection; who begins to write has the `turn`."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # By the driver itself, which is several times as fast: every transaction pays for it.
        driver: Any = connection.connection.dbapi_connection
        try:
            if connection.get_execution_options().get("simmer_write"):
                turn.begin_as_it_is(driver)
            else:
                driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise OperationalError("BEGIN", None, error) from error


class Quick:
    """The driver alone, on connections that are kept, for what each request does; use it from any thread.

    Its blocks are classes: each request passes through some, and generators would take three times as long.
    """

    def __init__(self, engine: Engine, turn: Turn, visit: Visit) -> None:
        self._engine, self._turn, self._visit = engine, turn, visit
        self._readers: list[PoolProxiedConnection] = []
        self._writers: list[PoolProxiedConnection] = []

    def act(self) -> Act:
        """A write transaction: rolls back at any exception."""
        return Act(Look(self, self._visit, is_writer=True), self._turn)

    def look(self) -> Look:
        """Read without a transaction."""
        return Look(self, self._visit)

    def close(self) -> None:
        """Close what is idle."""
        for idle in (self._readers, self._writers):
            while idle:
                idle.pop().invalidate()

    def borrow(self, is_writer: bool) -> PoolProxiedConnection:
        """One of the connections that are kept, or a new one; a writer's SQLite does not wait for locks."""
        try:
            return (self._writers if is_writer else self._readers).pop()
        except IndexError:
            made = self._engine.raw_connection()
        if is_writer:
            wait_for_locks(cast(sqlite3.Connection, made.dbapi_connection), 0.0)
        return made

    def give_back(self, connection: PoolProxiedConnection, is_writer: bool, is_sound: bool) -> None:
        """Keep it for the next one; one too many, or one that may not be as it was, is closed."""
        idle = self._writers if is_writer else self._readers
        if is_sound and len(idle) < MOST_KEPT:
            idle.append(connection)
        else:
            connection.invalidate()

    @property
    def dialect(self) -> Dialect:
        """Whose words these are."""
        return self._engine.dialect


class Look:
    """A connection for a block, within a visit; the driver's errors become SQLAlchemy's."""

    __slots__ = ("_borrowed", "_is_writer", "_quick", "_visit", "driver")

    def __init__(self, quick: Quick, visit: Visit, is_writer: bool = False) -> None:
        self._quick, self._visit, self._is_writer = quick, visit, is_writer

    def __enter__(self) -> Plain:
        self._visit.__enter__()
        try:
            self._borrowed = self._quick.borrow(self._is_writer)
        except BaseException as error:
            self._visit.__exit__(type(error), error, None)
            raise
        self.driver = cast(sqlite3.Connection, self._borrowed.dbapi_connection)
        return Plain(self._quick.dialect, self.driver.execute)

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._quick.give_back(self._borrowed, self._is_writer, is_sound=error is None)
        if not isinstance(error, sqlite3.Error):
            self._visit.__exit__(kind, error, traceback)
            return
        known = DBAPIError.instance(None, None, error, sqlite3.Error)
        self._visit.__exit__(type(known), known, None)
        raise known from error


class Act:
    """A write transaction on a connection, for a block: commits at its end, rolls back at any exception."""

    __slots__ = ("_lock", "_look", "_turn")

    def __init__(self, look: Look, turn: Turn) -> None:
        self._look, self._turn = look, turn

    def __enter__(self) -> Plain:
        conn = self._look.__enter__()
        try:
            self._lock = self._turn.take()
            try:
                self._turn.begin(self._look.driver)
            except BaseException:
                self._lock.release()
                raise
        except BaseException as error:
            self._look.__exit__(type(error), error, None)
            raise
        return conn

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            self._end(is_good=error is None)
        except BaseException as failed:
            kind, error, traceback = type(failed), failed, failed.__traceback__
            raise
        finally:
            self._lock.release()
            self._look.__exit__(kind, error, traceback)

    def _end(self, is_good: bool) -> None:
        driver = self._look.driver
        try:
            if is_good:
                driver.execute("COMMIT")
        finally:
            if driver.in_transaction:
                driver.rollback()
