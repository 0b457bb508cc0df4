"""Writes as values: a statement in the driver's words and the rows that it is executed with.

Core looks at each name of each row, which takes longer than the database does; and what is a value can
share a transaction with others of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Dialect, Table

MARKS: Final = {"qmark": "?", "format": "%s", "pyformat": "%s"}
"""How a driver marks the place of a value, by its paramstyle."""


class Write(NamedTuple):
    """A statement, and for each of its executions the values at its marks; one execution at least."""

    sql: str
    rows: list[tuple[Any, ...]]


class Template:
    """A statement in which `?` marks the places of values."""

    def __init__(self, sql: str) -> None:
        self._sql = {style: sql.replace("?", mark) for style, mark in MARKS.items()}

    @classmethod
    def insert(cls, table: Table, *columns: str) -> Template:
        """An INSERT of rows whose values stand in the order of `columns`."""
        names = ", ".join(table.c[column].name for column in columns)
        return cls(f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})")

    def by(self, dialect: Dialect) -> str:
        """The statement as that database's driver wants it."""
        return self._sql[dialect.paramstyle]

    def on(self, dialect: Dialect, rows: list[tuple[Any, ...]]) -> Write:
        """The same with these rows."""
        return Write(self.by(dialect), rows)


def execute(conn: Connection, writes: Sequence[Write]) -> None:
    """Execute them in the caller's transaction."""
    for sql, rows in writes:
        conn.exec_driver_sql(sql, rows)
