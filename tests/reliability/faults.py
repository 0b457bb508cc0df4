"""Faults of a database at an exact point: the n-th statement fails, the n-th commit is not answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.jobs.database import Database


@contextmanager
def failing_statement(database: Database, number: int) -> Iterator[Callable[[], bool]]:
    """The n-th statement from now on fails, once; the block is given a look whether it did."""
    count = 0

    def fail(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise OperationalError(statement, None, Exception("the connection was reset"))

    with _listening(database, "before_cursor_execute", fail):
        yield lambda: count >= number


@contextmanager
def unanswered_commit(database: Database, number: int) -> Iterator[Callable[[], bool]]:
    """The n-th commit of a write from now on happens, but its caller is told that it failed (T4)."""
    count = 0

    def commit_and_fail(conn: Connection) -> None:
        nonlocal count
        if not conn.get_execution_options().get("simmer_write"):
            return
        count += 1
        if count == number:
            driver = conn.connection.dbapi_connection
            assert driver is not None
            driver.commit()
            raise OperationalError("COMMIT", None, Exception("the connection was reset"))

    with _listening(database, "commit", commit_and_fail):
        yield lambda: count >= number


@contextmanager
def outage(database: Database) -> Iterator[None]:
    """Every statement fails while the block runs."""

    def fail(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        raise OperationalError(statement, None, Exception("the server is away"))

    with _listening(database, "before_cursor_execute", fail):
        yield


@contextmanager
def _listening(database: Database, name: str, function: Callable[..., None]) -> Iterator[None]:
    event.listen(database.engine, name, function)
    try:
        yield
    finally:
        event.remove(database.engine, name, function)
