"""What a database lacks of our tables, and the statements that add it in place.

The tables themselves say it, no version row: whoever added a column, a migration or `flask jobs init-db`, it
is there. What runs at the version before goes on beside it, since what is added there may be left out of an
INSERT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Engine, Executable, Index, Table, text
from sqlalchemy import Dialect as SQLAlchemyDialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from ..errors import TablesMissing
from .dialect import Dialect
from .tables import FORMERLY, METADATA

MOST_NAMED: Final = 10
"""Missing things that a message names, at most."""


class Existing(NamedTuple):
    """What is there: the columns of each table, and the names of the indexes."""

    columns: Mapping[str, Set[str]]
    indexes: Set[str]

    @classmethod
    def read(cls, conn: Connection, dialect: Dialect, schema: str | None) -> Existing:
        """Ask the database, by one query; None is wherever statements find tables that name no schema."""
        columns: defaultdict[str, set[str]] = defaultdict(set)
        indexes = set()
        for name, column in conn.execute(text(dialect.relations), {"schema": schema}):
            if column is None:
                indexes.add(name)
            else:
                columns[name].add(column)
        return cls(columns, indexes)


class Addition(NamedTuple):
    """What is missing, and the statements that add it, to be executed in one transaction.

    Without an index that is not `vital` everything works, but slower.
    """

    names: tuple[str, ...]
    statements: tuple[Executable, ...]
    is_vital: bool = True


def additions(existing: Existing, dialect: Dialect, engine: Engine, schema: str | None) -> list[Addition]:
    """What is missing, in the order in which it can be added; empty where nothing is."""
    alter = Alter(dialect, engine.dialect, schema)
    tables = METADATA.sorted_tables
    new = [table for table in tables if table.name not in existing.columns]
    old = [table for table in tables if table.name in existing.columns]
    return [
        *_new_tables(new),
        *(each for table in old for each in _new_columns(table, existing.columns[table.name], alter)),
        *(each for table in old for each in _new_indexes(table, existing.indexes)),
    ]


def refuse_incomplete(missing: Iterable[Addition]) -> None:
    """Raise TablesMissing naming what of `missing` nothing works without."""
    names = [name for addition in missing if addition.is_vital for name in addition.names]
    if set(names) >= set(METADATA.tables):
        raise TablesMissing()
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise TablesMissing(
            f"the tables are of an earlier version, without {', '.join(names[:MOST_NAMED])}{more}:"
            " run `flask jobs init-db` or a migration"
        )


def _new_tables(tables: list[Table]) -> Iterator[Addition]:
    # All at once: nobody uses them yet.
    if tables:
        made: list[Executable] = []
        for table in tables:
            made += [CreateTable(table), *map(CreateIndex, _in_order(table.indexes))]
        yield Addition(tuple(table.name for table in tables), tuple(made))


def _new_columns(table: Table, existing: Set[str], alter: Alter) -> Iterator[Addition]:
    # One transaction for each table: a lock on one is not held while another is waited for.
    missing = [column for column in table.columns if column.name not in existing]
    if missing:
        statements = [text(sql) for column in missing for sql in alter.add(column, existing)]
        yield Addition(tuple(map(str, missing)), tuple(statements))


class Alter(NamedTuple):
    """The statements for a column, in SQL: SQLAlchemy has none for a table that is there."""

    dialect: Dialect
    spelling: SQLAlchemyDialect
    schema: str | None

    def add(self, column: Column[Any], existing: Set[str]) -> Iterator[str]:
        """Add the column, with the values of the one that it replaces, if that is there."""
        table = self._name(column.table.name)
        sql = str(CreateColumn(column).compile(dialect=self.spelling))
        if column.server_default is None and not column.primary_key:
            # The rows that are there have no value for it, and whoever runs at the version before gives none.
            sql = sql.removesuffix(" NOT NULL")
        yield f"ALTER TABLE {table} ADD COLUMN {sql}"
        former = str(column.info.get(FORMERLY))
        if former in existing:
            yield f"UPDATE {table} SET {column.name} = {former}"
            yield self.dialect.release_column(table, former)

    def _name(self, table: str) -> str:
        quote = self.spelling.identifier_preparer.quote
        return table if self.schema is None else f"{quote(self.schema)}.{table}"


def _new_indexes(table: Table, existing: Set[str]) -> Iterator[Addition]:
    for index in _in_order(table.indexes):
        if index.name not in existing:
            yield Addition((str(index.name),), (CreateIndex(index),), is_vital=bool(index.unique))


def _in_order(indexes: Iterable[Index]) -> list[Index]:
    return sorted(indexes, key=lambda index: str(index.name))
