"""What differs between databases is right on each of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, make_url, select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from app.jobs import ConfigError, DatabaseUnavailable
from app.jobs.database.columns import Time
from app.jobs.database.database import Database
from app.jobs.database.row_sets import as_json, as_text
from app.jobs.database.statements import Statement
from app.jobs.database.supported import DIALECTS, dialect_named
from app.jobs.database.tables import METADATA
from app.jobs.errors import TablesMissing, TransactionConflict

from .test_statements import AT, add

COLUMNS: dict[str, TypeEngine[Any]] = {"name": Text(), "number": Integer(), "at": Time}


def test_an_unsupported_database_is_refused() -> None:
    """By name, with what can be used instead, before anything connects."""
    with pytest.raises(ConfigError, match="mssql: use sqlite or postgresql"):
        Database.connect(make_url("mssql://h/d"), threads=1, synchronous="FULL")


def test_rows_are_one_parameter(database: Database) -> None:
    """They come in their order with the types of their columns, null included."""
    read = Statement(lambda dialect: select(*dialect.row_set("rows", COLUMNS).c))
    rows = [('a"\\é', 1, as_text(AT)), ("b", None, None)]
    with database.raw_read() as conn:
        assert [tuple(row) for row in read.rows(conn, rows=as_json(rows))] == [
            ('a"\\é', 1, AT),
            ("b", None, None),
        ]


def test_several_rows_are_unpacked(database: Database) -> None:
    """Their values are those that the driver gives for one row; none where nothing fits."""
    leases = METADATA.tables["simmer_leases"]
    wanted = [leases.c.name, leases.c.until]
    several = Statement(lambda dialect: dialect.packed(wanted, leases.c.name.in_(dialect.texts("names"))))
    one = Statement(select(*wanted).where(leases.c.name == "a"))
    add(database, "a", "b")
    with database.raw_read() as conn:
        rows = database.dialect.unpack(several.cursor(conn, names=as_json(["a", "b", "c"])))
        assert sorted(row[0] for row in rows) == ["a", "b"]
        assert tuple(one.cursor(conn).fetchone()) in [tuple(row) for row in rows]
        assert {database.dialect.from_driver(row[1]) for row in rows} == {AT}
        assert list(database.dialect.unpack(several.cursor(conn, names="[]"))) == []


def test_a_missing_table_is_told_from_other_faults(database: Database) -> None:
    """One of ours is TablesMissing, another's is not; they can be made again."""
    with database.write() as conn:
        conn.exec_driver_sql("DROP TABLE simmer_leases")
    with pytest.raises(TablesMissing), database.raw_read() as conn:
        conn.exec_driver_sql("SELECT * FROM simmer_leases", ())
    database.create_tables()
    with pytest.raises((SQLAlchemyError, DatabaseUnavailable)) as raised, database.write() as conn:
        conn.exec_driver_sql("SELECT * FROM of_somebody_else")
    assert not isinstance(raised.value, TablesMissing)
    database.check()


@pytest.mark.parametrize("opened", ["write", "raw_write"])
def test_a_broken_constraint_stays_what_it_is(database: Database, opened: str) -> None:
    """IntegrityError, whichever way the statement went; nothing of the transaction is stored."""
    with pytest.raises(IntegrityError), getattr(database, opened)() as conn:
        conn.exec_driver_sql("INSERT INTO simmer_tags (tag, job_id) VALUES ('a', '1'), ('a', '1')", ())
    with database.raw_read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM simmer_tags", ()).fetchone()[0] == 0


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("postgresql", "40P01", TransactionConflict),
        ("postgresql", "40001", TransactionConflict),
        ("postgresql", "57P01", DatabaseUnavailable),
        ("sqlite", None, DatabaseUnavailable),
    ],
)
def test_errors_are_classified_by_their_code(name: str, code: str | None, expected: type[Exception]) -> None:
    """A deadlock's victim and what cannot be serialized is to be repeated; a lost server is an outage."""

    class DriverError(Exception):
        sqlstate = code

    error = OperationalError("UPDATE", None, DriverError("the driver's words"))
    assert type(dialect_named(name).translate(error)) is expected
    assert dialect_named(name).translate(ProgrammingError("SELEKT", None, Exception("syntax"))) is None
    assert dialect_named(name).translate(ValueError("a bug")) is None


def test_an_index_condition_is_said_in_the_words_of_each_database() -> None:
    """SQLite has no booleans, and uses a partial index only for the same words."""
    index = next(
        index for index in METADATA.tables["simmer_jobs"].indexes if index.name == "ix_simmer_jobs_due"
    )
    said = {name: str(index.dialect_options[name]["where"]) for name in DIALECTS}
    assert said == {"sqlite": "due = 1", "postgresql": "due = true"}


def test_column_types_are_the_databases_own(database: Database) -> None:
    """A time of a table of ours is an aware one; a big id counts up."""
    table = Table("simmer_test", MetaData(), Column("at", Time, primary_key=True))
    with database.write() as conn:
        table.create(conn)
        conn.execute(table.insert(), {"at": AT})
        assert conn.execute(select(table)).scalar_one() == AT
        table.drop(conn)
