"""Faults of a database at an exact point: the n-th statement fails, the n-th commit is not answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.jobs.database.database import Database
from app.jobs.database.sqlite_transactions import SQLiteTransactions
from app.jobs.database.transactions import IS_WRITE, RawConnection

Opens = Callable[[], AbstractContextManager[RawConnection]]


@contextmanager
def failing_statement(
    database: Database, number: int, kinds: tuple[str, ...] = ("",)
) -> Iterator[Callable[[], bool]]:
    """The n-th statement of these kinds fails from now on, once; the block is told whether it did."""
    count = 0

    def fail(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal count
        count += statement.startswith(kinds)
        if count == number and statement.startswith(kinds):
            raise OperationalError(statement, None, Exception("the connection was reset"))

    with _listening(database, "before_cursor_execute", fail), _watching_statements(database, fail):
        yield lambda: count >= number


@contextmanager
def unanswered_commit(database: Database, number: int) -> Iterator[Callable[[], bool]]:
    """The n-th commit of a write from now on happens, but its caller is told that it failed (T4)."""
    count = 0

    def commit_and_fail(conn: Connection) -> None:
        if not conn.get_execution_options().get(IS_WRITE):
            return
        if count + 1 == number:
            driver = conn.connection.dbapi_connection
            assert driver is not None
            driver.commit()
        count_it()

    def count_it() -> None:
        nonlocal count
        count += 1
        if count == number:
            raise OperationalError("COMMIT", None, Exception("the connection was reset"))

    with _listening(database, "commit", commit_and_fail), _following_commits(database, count_it):
        yield lambda: count >= number


@contextmanager
def outage(database: Database) -> Iterator[None]:
    """Every statement fails while the block runs."""

    def fail(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        raise OperationalError(statement, None, Exception("the server is away"))

    with _listening(database, "before_cursor_execute", fail), _watching_statements(database, fail):
        yield


@contextmanager
def recorded_statements(database: Database) -> Iterator[list[str]]:
    """The statements that are executed while the block runs, as they come."""
    sent: list[str] = []

    def record(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with _listening(database, "before_cursor_execute", record), _watching_statements(database, record):
        yield sent


@contextmanager
def _listening(database: Database, name: str, function: Callable[..., None]) -> Iterator[None]:
    event.listen(database.engine, name, function)
    try:
        yield
    finally:
        event.remove(database.engine, name, function)


@contextmanager
def _watching_statements(database: Database, function: Callable[..., None]) -> Iterator[None]:
    """Call `function` as the engine does, before each statement that SQLite's driver executes without it."""

    @contextmanager
    def announcing(opened: Opens) -> Iterator[RawConnection]:
        with opened() as conn:

            def execute(sql: str, values: tuple[Any, ...]) -> Any:
                function(None, None, sql)
                return conn.exec_driver_sql(sql, values)

            yield RawConnection(conn.dialect, execute, conn.get_execution_options)

    with _in_place_of(database, "raw_write", announcing), _in_place_of(database, "raw_read", announcing):
        yield


@contextmanager
def _following_commits(database: Database, function: Callable[[], None]) -> Iterator[None]:
    """Call `function` after each commit that SQLite's driver makes without the engine."""

    @contextmanager
    def telling(opened: Opens) -> Iterator[RawConnection]:
        with opened() as conn:
            yield conn
        with database.transactions.entered():
            function()

    with _in_place_of(database, "raw_write", telling):
        yield


@contextmanager
def _in_place_of(database: Database, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Let `function` stand for a method that goes by the driver alone; its first argument is the method."""
    transactions = database.transactions
    if not isinstance(transactions, SQLiteTransactions):
        yield
        return
    setattr(transactions, name, partial(function, getattr(transactions, name)))
    try:
        yield
    finally:
        delattr(transactions, name)
