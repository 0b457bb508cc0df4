"""Statements go to the driver with the values and give the rows that Core would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, select, text, update

from app.jobs.database.database import Database
from app.jobs.database.row_sets import as_json
from app.jobs.database.statements import InsertStatement, Statement, execute_all, merged
from app.jobs.database.tables import LEASES

AT = datetime(2030, 1, 1, 12, 0, 0, 5, UTC)
_L = LEASES.c
ADD = InsertStatement(LEASES, "name", "holder", "until")
ALL = Statement(select(_L.name, _L.until).order_by(_L.name))
PUT_OFF = Statement(
    update(LEASES).where(_L.name == bindparam("lease")).values(until=bindparam("later"), holder="fixed")
)
NAMED = Statement(
    lambda dialect: select(_L.name).where(_L.name.in_(dialect.texts("names"))).order_by(_L.name)
)


def add(database: Database, *names: str) -> None:
    """Store leases that end at AT."""
    until = database.dialect.to_driver(AT)
    with database.raw_write() as conn:
        ADD.bind([(name, "me", until) for name in names]).execute(conn)


def names(database: Database) -> list[str]:
    """The leases that are stored."""
    with database.raw_read() as conn:
        return [row.name for row in ALL.rows(conn)]


@pytest.mark.parametrize("count", [1, 2, 100, 101, 250])
def test_an_insert_takes_any_number_of_rows(database: Database, count: int) -> None:
    """One, as many as one INSERT takes, and more."""
    expected = [f"lease-{number:03d}" for number in range(count)]
    add(database, *expected)
    assert names(database) == expected


def test_times_are_converted_both_ways(database: Database) -> None:
    """What is read is aware and UTC, to the microsecond, as Core reads it, whatever zone it was."""
    add(database, "a")
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    with database.raw_write() as conn:
        assert PUT_OFF.execute(conn, lease="a", later=elsewhere + timedelta(seconds=1)) == 1
        assert PUT_OFF.execute(conn, lease="nobody's", later=AT) == 0
    with database.read() as conn:
        (row,) = ALL.rows(conn)
        assert (row.name, row.until) == ("a", AT + timedelta(seconds=1))
        assert row.until.utcoffset() == timedelta(0)
        assert tuple(conn.execute(select(LEASES)).one()) == ("a", "fixed", row.until)


def test_both_kinds_of_connections_execute_it(database: Database) -> None:
    """A raw one and SQLAlchemy's, with the same rows; the first column of the first row is the scalar."""
    add(database, "a", "b")
    with database.raw_read() as raw, database.read() as conn:
        assert ALL.rows(raw) == ALL.rows(conn)
        assert ALL.scalar(raw) == ALL.scalar(conn) == "a"
    with database.write() as conn:
        conn.execute(text("DELETE FROM simmer_leases"))
        assert ALL.scalar(conn) is None


def test_it_is_executed_for_many(database: Database) -> None:
    """Each with values of its own, which are not changed; the answer is how many rows it changed."""
    add(database, "a", "b", "c")
    values = [{"lease": name, "later": AT + timedelta(hours=1)} for name in ("a", "c", "nobody's")]
    before = [dict(each) for each in values]
    with database.write() as conn:
        assert PUT_OFF.execute_many(conn, values) == 2
    assert values == before
    with database.read() as conn:
        assert [row.name for row in ALL.rows(conn) if row.until > AT] == ["a", "c"]


@pytest.mark.parametrize("wanted", [[], ["b"], ["a", 'é"\\\n', "nobody's"]])
def test_a_list_is_one_parameter(database: Database, wanted: list[str]) -> None:
    """Empty or not, whatever is in the texts."""
    stored = ["a", "b", 'é"\\\n']
    add(database, *stored)
    with database.raw_read() as conn:
        found = [row.name for row in NAMED.rows(conn, names=as_json(wanted))]
    assert sorted(found) == sorted(set(wanted) & set(stored))


def test_bound_statements_are_merged(database: Database) -> None:
    """Each statement once, in the order of its first use, with the rows of all; the originals stay."""
    until = database.dialect.to_driver(AT)
    first, second = ADD.bind([("a", "me", until)]), ADD.bind([("b", "me", until)])
    later = AT + timedelta(hours=1)
    bound = list(
        merged([first, PUT_OFF.bind(lease="a", later=later), second, PUT_OFF.bind(lease="b", later=later)])
    )
    assert [(each.statement, len(each.rows)) for each in bound] == [(ADD, 2), (PUT_OFF, 2)]
    assert (len(first.rows), len(second.rows)) == (1, 1)
    for _ in range(2):  # a transaction that was rolled back is repeated with the same values
        with database.raw_write() as conn:
            conn.exec_driver_sql("DELETE FROM simmer_leases", ())
            execute_all(conn, bound)
    with database.read() as conn:
        assert [row.until for row in ALL.rows(conn)] == [later, later]
