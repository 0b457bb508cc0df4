"""What SQLite needs of its own: pragmas, transactions that are begun by hand, and a short way to commit."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from .errors import DatabaseUnavailable

Statements = Iterable[tuple[str, tuple[Any, ...]]]
"""Each with its values."""
MOST_KEPT: Final = 4
"""Connections that are kept; where more are needed at once they are the pool's."""


class Turn:
    """Lets one thread of this process write at a time.

    SQLite's own lock is waited for by looking again after milliseconds; here the next one goes on at once.
    """

    def __init__(self, patience: float) -> None:
        self._patience = self._left = patience
        self.begin_afresh()

    def begin_afresh(self) -> None:
        """In a child of a fork: nobody has the turn."""
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the turn for the block. Raises DatabaseUnavailable where one's patience (seconds) ends."""
        asked, lock = time.monotonic(), self._lock
        if not lock.acquire(timeout=self._patience):
            raise DatabaseUnavailable(f"others of this process have been writing for {self._patience:g} s")
        try:
            self._left = self._patience - (time.monotonic() - asked)
            yield
        finally:
            lock.release()

    def begin(self, driver: sqlite3.Connection) -> None:
        """Begin to write; waits for other processes with the patience that the wait for the turn has left."""
        if self._left > 0.9 * self._patience:
            driver.execute("BEGIN IMMEDIATE")
            return
        _wait_for_locks(driver, max(0.0, self._left))
        try:
            driver.execute("BEGIN IMMEDIATE")
        finally:
            _wait_for_locks(driver, self._patience)


def _wait_for_locks(driver: sqlite3.Connection, seconds: float) -> None:
    driver.execute(f"PRAGMA busy_timeout = {1_000 * seconds:.0f}")


class Look(NamedTuple):
    """As much of a connection as reading needs; `exec_driver_sql` returns a cursor."""

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
                turn.begin(driver)
            else:
                driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise OperationalError("BEGIN", None, error) from error


class Quick:
    """The driver alone, on connections that are kept, for what each request does; use it from any thread."""

    def __init__(self, engine: Engine, turn: Turn) -> None:
        self._engine, self._turn = engine, turn
        self._idle: list[PoolProxiedConnection] = []

    def apply(self, statements: Statements) -> None:
        """Commit the statements, all or none. Raises SQLAlchemy's errors."""
        with self._turn.taken(), self._driver() as driver:
            try:
                self._turn.begin(driver)
                for sql, values in statements:
                    driver.execute(sql, values)
                driver.execute("COMMIT")
            except BaseException:
                driver.rollback()  # does nothing where BEGIN has failed
                raise

    def look(self) -> AbstractContextManager[Look]:
        """Read without a transaction. Raises SQLAlchemy's errors."""
        return _Looking(self._driver(), self._engine.dialect)

    def close(self) -> None:
        """Give back what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _driver(self) -> _Driver:
        return _Driver(self._engine, self._idle)


class _Driver:
    """A connection for a block, from those that are kept; its errors become SQLAlchemy's."""

    __slots__ = ("_engine", "_idle", "_kept")

    def __init__(self, engine: Engine, idle: list[PoolProxiedConnection]) -> None:
        self._engine, self._idle = engine, idle

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._kept = self._idle.pop()
        except IndexError:
            self._kept = self._engine.raw_connection()
        return cast(sqlite3.Connection, self._kept.dbapi_connection)

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if len(self._idle) < MOST_KEPT:
            self._idle.append(self._kept)
        else:
            self._kept.close()
        if isinstance(error, sqlite3.Error):
            raise DBAPIError.instance(None, None, error, sqlite3.Error) from error


class _Looking:
    """A look for a block; a class, because a generator takes three times as long."""

    __slots__ = ("_dialect", "_driver")

    def __init__(self, driver: _Driver, dialect: Dialect) -> None:
        self._driver, self._dialect = driver, dialect

    def __enter__(self) -> Look:
        return Look(self._dialect, self._driver.__enter__().execute)

    def __exit__(self, *error: Any) -> None:
        self._driver.__exit__(*error)
