"""Statements that are compiled once for each kind of database, and then executed through the driver.

Core processes a statement, its values and its rows anew each time, which takes several times as long as
SQLite does. What is executed for every few jobs is therefore a `Statement`; what is rare is plain Core.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, DateTime, Delete, Insert, Select, Table, Update
from sqlalchemy import Dialect as SQLAlchemyDialect
from sqlalchemy.sql.compiler import SQLCompiler

from .dialect import Dialect
from .host_engine import SCHEMA
from .supported import dialect_named
from .transactions import AnyConnection

Construct = Select[Any] | Insert | Update | Delete
PLACEHOLDERS: Final = {"qmark": "?", "format": "%s", "pyformat": "%s"}
"""How a driver marks the place of a positional value, by its paramstyle."""
MOST_ROWS: Final = 100
"""Rows of one INSERT: databases take some thousand values at once."""


class Statement:
    """A Core construct; values are given by the names of its bind parameters, none of which expands."""

    def __init__(self, construct: Construct | Callable[[Dialect], Construct]) -> None:
        """`construct`, or what makes it for a dialect."""
        self._construct = construct
        self._compiled: dict[tuple[str, str, str | None], _Compiled] = {}

    def rows(self, conn: AnyConnection, **values: Any) -> Sequence[Any]:
        """The rows that it finds, as named tuples; times are converted as by Core."""
        compiled = self._compiled_for(conn)
        return compiled.to_rows(conn.exec_driver_sql(compiled.sql, compiled.parameters(values)).fetchall())

    def scalar(self, conn: AnyConnection, **values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(conn, **values)
        return rows[0][0] if rows else None

    def cursor(self, conn: AnyConnection, **values: Any) -> Any:
        """The cursor after executing it: rows as the driver gives them."""
        compiled = self._compiled_for(conn)
        return conn.exec_driver_sql(compiled.sql, compiled.parameters(values))

    def execute(self, conn: AnyConnection, **values: Any) -> int:
        """How many rows it changed."""
        return int(self.cursor(conn, **values).rowcount)

    def execute_many(self, conn: Connection, rows: Iterable[dict[str, Any]]) -> int:
        """How many rows it changed, executed once with the values of each of `rows`."""
        compiled = self._compiled_for(conn)
        parameters = [compiled.parameters(dict(values)) for values in rows]
        return int(conn.exec_driver_sql(compiled.sql, parameters).rowcount)

    def bind(self, **values: Any) -> BoundStatement:
        """The statement with its values, to be executed later."""
        return BoundStatement(self, [values])

    def execute_rows(self, conn: AnyConnection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it once for each of `rows`."""
        for values in rows:
            self.execute(conn, **values)

    def _compiled_for(self, conn: AnyConnection) -> _Compiled:
        dialect = conn.dialect
        key = dialect.name, dialect.driver, conn.get_execution_options().get(SCHEMA)
        if key not in self._compiled:
            made = self._construct
            if callable(made):
                made = made(dialect_named(dialect.name))
            self._compiled[key] = _Compiled(made, dialect, key[2])
        return self._compiled[key]


class InsertStatement:
    """An INSERT of rows: tuples of values in the order of `columns`, times as the driver takes them."""

    def __init__(self, table: Table, *columns: str) -> None:
        names = ", ".join(table.c[column].name for column in columns)
        self._table, self._values = table.name, f" ({names}) VALUES "
        self._group = {style: f"({', '.join([mark] * len(columns))})" for style, mark in PLACEHOLDERS.items()}

    def bind(self, rows: list[tuple[Any, ...]]) -> BoundStatement:
        """The statement with its rows, to be executed later."""
        return BoundStatement(self, rows)

    def execute_rows(self, conn: AnyConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert them, up to MOST_ROWS at once."""
        group = self._group[conn.dialect.paramstyle]
        head = "INSERT INTO " + self._table_for(conn) + self._values
        if len(rows) == 1:
            conn.exec_driver_sql(head + group, rows[0])
            return
        for start in range(0, len(rows), MOST_ROWS):
            part = rows[start : start + MOST_ROWS]
            sql = head + ", ".join([group] * len(part))
            conn.exec_driver_sql(sql, tuple(chain.from_iterable(part)))

    def _table_for(self, conn: AnyConnection) -> str:
        schema = conn.get_execution_options().get(SCHEMA)
        if schema is None:
            return self._table
        return f"{conn.dialect.identifier_preparer.quote_schema(schema)}.{self._table}"


class BoundStatement(NamedTuple):
    """A statement and the values of its executions: as a value it can share a transaction with others."""

    statement: Statement | InsertStatement
    rows: list[Any]

    def execute(self, conn: AnyConnection) -> None:
        """Execute it with each of its rows."""
        self.statement.execute_rows(conn, self.rows)


def merged(bound: Iterable[BoundStatement]) -> Iterable[BoundStatement]:
    """Each statement once, with the rows of all: an INSERT takes them at once."""
    found: dict[Statement | InsertStatement, BoundStatement] = {}
    for statement, rows in bound:
        if statement not in found:
            found[statement] = BoundStatement(statement, [])
        found[statement].rows.extend(rows)
    return found.values()


def execute_all(conn: AnyConnection, bound: Iterable[BoundStatement]) -> None:
    """Execute them in the caller's transaction."""
    for each in bound:
        each.execute(conn)


class _Compiled:
    """A construct as one driver's SQL: binds parameters, converts rows."""

    def __init__(self, construct: Construct, dialect: SQLAlchemyDialect, schema: str | None) -> None:
        names: dict[str, Any] = {}
        if schema is not None:
            names = {"schema_translate_map": {None: schema}, "render_schema_translate": True}
        compiled = construct.compile(dialect=dialect, **names)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        self._order = compiled.positiontup if compiled.positional else None
        binds = compiled.binds
        self._constants = {name: bind.value for name, bind in binds.items() if not bind.required}
        self._times = [name for name, bind in binds.items() if isinstance(bind.type, DateTime)]
        ours = dialect_named(dialect.name)
        self._to_driver = ours.to_driver
        self.to_rows = _row_converter(construct, ours)

    def parameters(self, values: dict[str, Any]) -> Any:
        """The parameters of one execution; `values` is changed."""
        if self._constants:
            values = {**self._constants, **values}
        for name in self._times:
            values[name] = self._to_driver(values[name])
        return values if self._order is None else tuple([values[name] for name in self._order])


def _row_converter(construct: Construct, dialect: Dialect) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Makes named tuples of the driver's rows."""
    columns = list(construct.exported_columns)
    row = namedtuple("row", [column.key or "value" for column in columns])  # type: ignore[misc]
    from_driver = dialect.from_driver
    are_times = [isinstance(column.type, DateTime) for column in columns]
    if not any(are_times):
        return lambda rows: [row._make(values) for values in rows]
    return lambda rows: [
        row._make(
            [
                from_driver(value) if is_time else value
                for value, is_time in zip(values, are_times, strict=True)
            ]
        )
        for values in rows
    ]
