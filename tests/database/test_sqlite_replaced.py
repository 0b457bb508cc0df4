"""A SQLite file that is deleted or replaced while it is in use: nothing is stored in the one of before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from app.jobs import DatabaseUnavailable, TablesMissing
from app.jobs.database import sqlite_file
from app.jobs.database.database import Database
from tests.support import eventually

OPENED = ("write", "raw_write", "read", "raw_read")
WRITES = ("write", "raw_write")
ADD = "INSERT INTO simmer_leases (name, holder, until) VALUES ('{}', 'me', '2026-11-26 00:00:00.000000')"


@pytest.fixture
def lite(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database whose file every transaction looks at, with connections of each kind that are kept."""
    monkeypatch.setattr(sqlite_file, "CHECK_EVERY", 0.0)
    monkeypatch.setattr(sqlite_file, "SETTLE", 0.1)
    shutil.copy(sqlite_template, tmp_path / "t.db")
    url = make_url(f"sqlite:///{tmp_path}/t.db")
    with closing(Database.connect(url, threads=4, synchronous="OFF")) as made:
        for opened in OPENED:
            assert names(made, opened) == []
        yield made


def names(database: Database, opened: str = "raw_read") -> list[str]:
    """The leases that a transaction of that kind finds."""
    with getattr(database, opened)() as conn:
        return [row[0] for row in conn.exec_driver_sql("SELECT name FROM simmer_leases", ()).fetchall()]


def add(database: Database, name: str, opened: str = "raw_write") -> None:
    """Store a lease."""
    with getattr(database, opened)() as conn:
        conn.exec_driver_sql(ADD.format(name), ())


def goes_on(database: Database) -> bool:
    """Whether it answers again."""
    try:
        names(database)
    except DatabaseUnavailable:
        return False
    return True


def refusal(database: Database) -> str:
    """What a read is refused with."""
    with pytest.raises(DatabaseUnavailable) as caught:
        names(database)
    return str(caught.value)


def backup(tmp_path: Path) -> Path:
    """A copy of what is stored, made by SQLite."""
    with (
        closing(sqlite3.connect(tmp_path / "t.db")) as here,
        closing(sqlite3.connect(tmp_path / "b.db")) as there,
    ):
        here.backup(there)
    return tmp_path / "b.db"


@pytest.mark.parametrize("opened", OPENED)
def test_no_transaction_goes_on_with_a_file_that_was_removed(
    lite: Database, tmp_path: Path, opened: str
) -> None:
    """Whatever its kind: it is an outage that says so, and none of them makes an empty file."""
    detector = lite.change_detector()
    assert detector.has_changed()
    (tmp_path / "t.db").unlink()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="the database file was removed") as caught:
            names(lite, opened)
        assert not isinstance(caught.value, TablesMissing)
        with pytest.raises(DatabaseUnavailable, match="the database file was removed"):
            detector.has_changed()
    assert not (tmp_path / "t.db").exists()


def add_while(database: Database, opened: str, happens: Callable[[], Any]) -> None:
    """Store a lease in a transaction during which something happens."""
    with getattr(database, opened)() as conn:
        conn.exec_driver_sql(ADD.format("lost"), ())
        happens()


@pytest.mark.parametrize("opened", WRITES)
@pytest.mark.parametrize("replaced", [False, True])
def test_what_went_into_the_file_of_before_is_not_acknowledged(
    lite: Database, tmp_path: Path, opened: str, replaced: bool
) -> None:
    """Also where it goes while a transaction is open: its commit is an error."""
    copy, file = backup(tmp_path), tmp_path / "t.db"
    with pytest.raises(DatabaseUnavailable, match="the database file was re"):
        add_while(lite, opened, lambda: copy.replace(file) if replaced else file.unlink())
    if not replaced:
        copy.replace(file)
    eventually(lambda: goes_on(lite))
    assert names(lite) == []


def test_a_transaction_that_outlives_the_change_is_not_acknowledged(lite: Database, tmp_path: Path) -> None:
    """Others went on with the new file meanwhile; its own connection had the one of before."""
    copy = backup(tmp_path)

    def others_go_on() -> None:
        copy.replace(tmp_path / "t.db")
        eventually(lambda: goes_on(lite))

    with pytest.raises(DatabaseUnavailable, match="was replaced"):
        add_while(lite, "raw_write", others_go_on)
    assert names(lite) == []


@pytest.mark.parametrize("logs", ["left", "removed"])
def test_a_restored_backup_is_what_all_go_on_with(lite: Database, tmp_path: Path, logs: str) -> None:
    """No connection, change detector or log of before is used: what was stored later does not return."""
    add(lite, "kept")
    copy, detector = backup(tmp_path), lite.change_detector()
    add(lite, "later")
    assert detector.has_changed()
    copy.replace(tmp_path / "t.db")
    if logs == "removed":
        for suffix in ("-wal", "-shm"):
            (tmp_path / f"t.db{suffix}").unlink()
    eventually(lambda: goes_on(lite))
    for opened in OPENED:
        assert names(lite, opened) == ["kept"]
    assert detector.has_changed()
    for opened in WRITES:
        add(lite, opened, opened)
    with closing(sqlite3.connect(tmp_path / "t.db")) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert other.execute("SELECT count(*) FROM simmer_leases").fetchone() == (3,)
    assert detector.has_changed()


def test_processes_go_on_with_the_same_log(lite: Database, tmp_path: Path) -> None:
    """The second one that sees the new file leaves the log alone that the first one has begun for it."""
    with closing(Database.connect(lite.engine.url, threads=1, synchronous="OFF")) as other:
        add(other, "before")
        assert names(lite) == ["before"]
        backup(tmp_path).replace(tmp_path / "t.db")
        eventually(lambda: goes_on(lite))
        add(lite, "first")
        eventually(lambda: goes_on(other))
        add(other, "second")
        assert names(lite) == names(other) == ["before", "first", "second"]


def test_an_empty_file_is_made_on_request_alone(lite: Database, tmp_path: Path) -> None:
    """`create_tables` makes it where it was removed; one that somebody else made lacks our tables."""
    (tmp_path / "t.db").unlink()
    lite.create_tables()
    assert names(lite) == []
    add(lite, "new")
    (tmp_path / "t.db").unlink()
    (tmp_path / "t.db").touch()
    eventually(lambda: "init-db" in refusal(lite))


def test_a_file_that_never_was_is_no_outage_of_one(tmp_path: Path) -> None:
    """Its tables are missing, which says what to do; it is not made by looking for it."""
    url = make_url(f"sqlite:///{tmp_path}/t.db")
    with closing(Database.connect(url, threads=1, synchronous="OFF")) as made:
        for opened in OPENED:
            with pytest.raises(TablesMissing, match="flask jobs init-db"):
                names(made, opened)
        assert not list(tmp_path.iterdir())
        made.create_tables()
        assert names(made) == []


def test_the_hosts_connections_are_told(lite: Database, tmp_path: Path) -> None:
    """Once: those of its pool would go on with the file of before."""
    calls: list[Any] = []
    lite.transactions.when_replaced.append(lambda: calls.append(None))
    backup(tmp_path).replace(tmp_path / "t.db")
    eventually(lambda: goes_on(lite))
    with lite.write() as conn:
        conn.execute(text("DELETE FROM simmer_leases"))
    assert len(calls) == 1
