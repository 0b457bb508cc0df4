"""One thread of a process writes to SQLite at a time; waiting for it has a bound."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from app.jobs import DatabaseUnavailable
from app.jobs.database import sqlite
from app.jobs.database.database import Database
from app.jobs.database.sqlite_transactions import SQLiteTransactions
from app.jobs.database.write_lock import WriteLock

SECONDS = 10


@pytest.fixture
def lite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A file of which nobody waits long."""
    monkeypatch.setattr(sqlite, "LOCK_WAIT", 0.3)
    with closing(
        Database.connect(make_url(f"sqlite:///{tmp_path}/t.db"), threads=4, synchronous="OFF")
    ) as made:
        made.create_tables()
        with made.write() as conn:
            conn.execute(text("CREATE TABLE t (n INTEGER)"))
        yield made


@contextmanager
def somebody_writes(lite: Database) -> Iterator[None]:
    """Another thread has a write transaction while the block runs."""
    has_begun, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with lite.write():
            has_begun.set()
            assert may_end.wait(SECONDS)

    thread = threading.Thread(target=write)
    thread.start()
    assert has_begun.wait(SECONDS)
    yield
    may_end.set()
    thread.join(SECONDS)


def insert(lite: Database, *numbers: int) -> None:
    """Commit a row for each of the numbers."""
    with lite.raw_write() as conn:
        for number in numbers:
            conn.exec_driver_sql("INSERT INTO t VALUES (?)", (number,))


def lock_of(lite: Database) -> WriteLock:
    """The write lock of a file."""
    assert isinstance(lite.transactions, SQLiteTransactions)
    return lite.transactions.write_lock


def test_waiting_for_the_lock_has_a_bound(lite: Database) -> None:
    """Whoever writes too long is an outage for the others, who can read meanwhile; then all goes on."""
    with somebody_writes(lite):
        with pytest.raises(DatabaseUnavailable, match="others of this process"):
            insert(lite, 1, 2)
        with pytest.raises(DatabaseUnavailable), lite.write():
            pass
        with lite.raw_read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM t", ()).fetchone() == (0,)
    insert(lite, 1, 2)
    with lite.raw_read() as conn:
        assert conn.exec_driver_sql("SELECT n FROM t WHERE n > ?", (1,)).fetchall() == [(2,)]


def test_writers_wait_for_each_other(lite: Database) -> None:
    """Eight threads, both ways to write: nobody meets the other's lock, and every row is there."""

    def write() -> None:
        for _ in range(20):
            insert(lite, 1)
            with lite.write() as conn:
                conn.execute(text("INSERT INTO t VALUES (2)"))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    with lite.raw_read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM t", ()).fetchone() == (320,)


def test_a_child_does_not_wait_for_its_parents_lock(lite: Database) -> None:
    """What another thread of the parent held at the fork nobody holds in the child."""
    with somebody_writes(lite):
        lock_of(lite).reset()
        with lock_of(lite).held():
            pass


def test_a_wait_for_the_lock_shortens_the_next_one_only(lite: Database, tmp_path: Path) -> None:
    """Who got the lock late waits for another process with what is left; the connection is as before then."""
    lock = lock_of(lite)
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with lock.held(), lite.engine.connect() as conn:
            lock.time_left = 0.0
            driver: Any = conn.connection.dbapi_connection
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                lock.begin(driver)
            assert driver.execute("PRAGMA busy_timeout").fetchone() == (300,)
    insert(lite, 1)


def test_a_connection_that_broke_is_not_kept_and_does_not_keep_the_lock(lite: Database) -> None:
    """Whatever a write transaction meets, its end included, the next one begins on a sound connection."""
    insert(lite, 1)
    with lite.raw_write() as conn:
        kept = driver_of(conn)
    with lite.raw_write() as conn:
        assert driver_of(conn) is kept
    with pytest.raises(ProgrammingError, match="closed"), lite.raw_write():
        kept.close()
    insert(lite, 1)
    with lite.raw_read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM t", ()).fetchone() == (2,)


def driver_of(conn: Any) -> sqlite3.Connection:
    """The driver's connection that executes."""
    found = conn.exec_driver_sql.__self__
    assert isinstance(found, sqlite3.Connection)
    return found
