"""Transactions on a SQLite file: writers wait for the write lock, and hot statements go past SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, NullPool, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from .changes import ChangeDetector, DataVersion
from .sqlite_file import DatabaseFile
from .transactions import RawConnection, Transactions, Translate
from .write_lock import WriteLock, set_busy_timeout

PATIENCE: Final = 0.25
"""Seconds to find out who writes: longer than a commit of ours takes."""
GENERATION: Final = "simmer_generation"
MOST_KEPT: Final = 4
"""Idle connections of each kind that are kept; where more are needed at once they come from the pool."""


class SQLiteTransactions(Transactions):
    """`raw_write` and `raw_read` use the driver alone, on connections that are kept apart from the pool."""

    def __init__(
        self, engine: Engine, translate: Translate, write_lock: WriteLock, file: DatabaseFile
    ) -> None:
        super().__init__(engine, translate)
        self.write_lock = write_lock
        self.file, file.on_replaced = file, self._forget_file
        event.listen(engine, "connect", lambda driver, _record: file.opened(driver))
        self._kept: dict[bool, list[PoolProxiedConnection]] = {True: [], False: []}
        self._most_kept = 0 if isinstance(engine.pool, NullPool) else MOST_KEPT

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction of the thread that holds the write lock."""
        with self.entered(is_write=True):
            generation = self.file.begin()
            with self.write_lock.held(), self._writer.begin() as connection:
                yield connection
            self.file.confirm(generation)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.entered():
            self.file.begin()
            with self.engine.begin() as connection:
                yield connection

    def raw_write(self) -> RawTransaction:
        """A write transaction in the driver."""
        return RawTransaction(self, is_write=True)

    def raw_read(self) -> RawTransaction:
        """Reads in the driver, without a transaction."""
        return RawTransaction(self, is_write=False)

    def can_write(self, patience: float) -> bool:
        """Tried without this process's write lock: who has that may be waiting for the same transaction."""
        with self.entered(), self.engine.connect() as connection:
            connection.detach()  # it is closed afterwards: its SQLite does not wait for locks any more
            driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
            return WriteLock(patience).can_begin(driver)

    def follow(self, host: Engine) -> None:
        """Remember of each connection that the host's engine makes which file it has opened."""

        @event.listens_for(host, "connect")
        def _on_connect(_driver: object, record: Any) -> None:
            record.info[GENERATION] = self.file.generation

    def generation_of(self, host: Connection) -> int:
        """That of the file which the connection of a host that we `follow` has open."""
        return int(host.info.get(GENERATION, 0))

    def confirm(self, generation: int) -> None:
        """Raise DatabaseUnavailable where another file has taken the place of that."""
        self.file.confirm(generation)

    def change_detector(self) -> ChangeDetector:
        """By the version of the file."""
        return DataVersion(self.engine, self.file, self.gate)

    def create_file(self) -> None:
        """An empty file, unless there is one."""
        self.file.create()

    def borrow(self, is_write: bool) -> PoolProxiedConnection:
        """An idle connection, or a new one; a writer's SQLite does not wait for locks: WriteLock does."""
        try:
            return self._kept[is_write].pop()
        except IndexError:
            made = self.engine.raw_connection()
        if is_write:
            set_busy_timeout(cast(sqlite3.Connection, made.dbapi_connection), 0.0)
        return made

    def give_back(self, connection: PoolProxiedConnection, is_write: bool, is_sound: bool) -> None:
        """Keep it for the next one; one too many, or one that may not be as it was, is closed."""
        idle = self._kept[is_write]
        if is_sound and len(idle) < self._most_kept:
            idle.append(connection)
        else:
            connection.invalidate()

    def renew_after_fork(self) -> None:
        """Neither the parent's connections nor its lock."""
        self._inherited.append(self._kept)
        self._kept = {True: [], False: []}
        self.write_lock.reset()
        self.file.reset()
        super().renew_after_fork()

    def close(self) -> None:
        """Close what is kept, and the pool."""
        for idle in self._kept.values():
            while idle:
                idle.pop().invalidate()
        super().close()

    def _forget_file(self) -> None:
        """The file was replaced: close what is idle; what is in use is closed when it is given back."""
        self.is_complete = False
        self._kept, replaced = {True: [], False: []}, self._kept
        for connection in chain.from_iterable(replaced.values()):
            connection.invalidate()
        self.engine.dispose()
        for call in self.when_replaced:
            call()


class RawTransaction:
    """A block with a connection: a writer's commits at its end and rolls back at any exception.

    A class, because each request passes through some: a generator would take three times as long.
    """

    __slots__ = ("_borrowed", "_driver", "_gate", "_generation", "_is_write", "_lock", "_owner")

    def __init__(self, owner: SQLiteTransactions, is_write: bool) -> None:
        self._owner, self._is_write, self._gate = owner, is_write, owner.gate
        self._borrowed: PoolProxiedConnection | None = None

    def __enter__(self) -> RawConnection:
        self._gate.enter()
        try:
            self._generation = self._owner.file.begin()
            self._borrowed = self._owner.borrow(self._is_write)
            self._driver = cast(sqlite3.Connection, self._borrowed.dbapi_connection)
            if self._is_write:
                self._begin()
        except BaseException as error:
            self._leave(error)
            raise
        engine = self._owner.engine
        return RawConnection(engine.dialect, self._driver.execute, engine.get_execution_options)

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if self._is_write:
            try:
                self._end(commits=error is None)
            except BaseException as failed:
                self._leave(failed)
                raise
        self._leave(error)

    def _begin(self) -> None:
        self._lock = self._owner.write_lock.acquire()
        try:
            self._owner.write_lock.begin(self._driver)
        except BaseException:
            self._lock.release()
            raise

    def _end(self, commits: bool) -> None:
        try:
            self._end_in_driver(commits)
        finally:
            self._lock.release()
        if commits:
            self._owner.file.confirm(self._generation)

    def _end_in_driver(self, commits: bool) -> None:
        try:
            if commits:
                self._driver.execute("COMMIT")
        finally:
            if self._driver.in_transaction:  # also after a COMMIT that failed: a full disk, say
                self._driver.rollback()

    def _leave(self, error: BaseException | None) -> None:
        """Undo `__enter__`; raises for the driver's errors SQLAlchemy's, or the package's."""
        if self._borrowed is not None:
            is_sound = error is None and self._generation == self._owner.file.generation
            self._owner.give_back(self._borrowed, self._is_write, is_sound)
        self._gate.leave()
        if error is None:
            return
        known: BaseException = error
        if isinstance(error, sqlite3.Error):
            known = DBAPIError.instance(None, None, error, sqlite3.Error)
        if (translated := self._owner.translated(known, self._is_write)) is not None:
            raise translated from known
        if known is not error:
            raise known from error
