"""Whether the database can be written: noticed by a write that fails, tried until one could be kept."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, make_url, select

from app.jobs.database.database import Database
from app.jobs.database.tables import EVENTS, JOBS
from app.jobs.errors import DatabaseUnavailable
from app.jobs.service.write_check import WriteCheck
from app.jobs.store.group_commit import GroupCommit
from app.jobs.store.new_jobs import bind_enqueue

from ..store.factory import new_job, submit
from ..support import eventually


def test_nothing_is_tried_before_a_write_has_failed(database: Database) -> None:
    """A probe of a healthy database writes nothing."""
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert WriteCheck(database).problem() is None
    assert statements == []


def test_what_is_tried_leaves_nothing_behind(database: Database) -> None:
    """After a failure that has passed the trial succeeds, and no job and no event of it is stored."""
    check = WriteCheck(database)
    database.transactions.write_failure = "it was away"
    assert check.problem() is None
    with database.read() as conn:
        assert [conn.scalar(select(func.count()).select_from(table)) for table in (JOBS, EVENTS)] == [0, 0]


@contextmanager
def setting(database: Database, sqlite: str, postgresql: str = "") -> Iterator[None]:
    """Every connection of SQLite, and every transaction of PostgreSQL, begins with this statement."""
    name, sql = ("connect", sqlite) if database.dialect.name == "sqlite" else ("begin", postgresql)

    def execute(connection: Any, *_: object) -> None:
        (connection.execute if name == "connect" else connection.exec_driver_sql)(sql)

    event.listen(database.engine, name, execute)
    database.transactions.close()
    try:
        yield
    finally:
        event.remove(database.engine, name, execute)
        database.transactions.close()


def test_a_database_that_became_read_only_is_noticed_and_its_end_too(database: Database) -> None:
    """By the write that fails; then by trials, a second apart, with what the database says."""
    check = WriteCheck(database)
    with setting(database, "PRAGMA query_only = 1", "SET TRANSACTION READ ONLY"):
        with pytest.raises(DatabaseUnavailable), database.write() as conn:
            submit(conn)
        for _ in range(2):
            assert "read" in (check.problem() or "")
    eventually(lambda: check.problem() is None)


def test_a_trial_reaches_the_disk(tmp_path: Path) -> None:
    """What is rolled back would stay in SQLite's cache, and never find that files cannot grow any more."""
    database = Database.connect(make_url(f"sqlite:///{tmp_path}/full.db"), threads=1, synchronous="OFF")
    database.create_tables()
    check, database.transactions.write_failure = WriteCheck(database), "a write failed"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in tmp_path.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 8_192, limits[1]))
    try:
        assert check.problem() == "disk I/O error"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    eventually(lambda: check.problem() is None)
    database.close()


def test_a_full_disk_is_noticed_by_a_trial(tmp_path: Path) -> None:
    """It needs as much room as a job with some arguments."""
    database = Database.connect(make_url(f"sqlite:///{tmp_path}/full.db"), threads=1, synchronous="OFF")
    database.create_tables()
    check, database.transactions.write_failure = WriteCheck(database), "a write failed"
    with setting(database, "PRAGMA max_page_count = 1"):
        assert check.problem() == "database or disk is full"
    eventually(lambda: check.problem() is None)
    database.close()


def test_a_trial_gives_the_connection_back_as_it_was(database: Database) -> None:
    """The cache of SQLite, and the wait for locks of PostgreSQL, are those of before."""
    asked = "PRAGMA cache_size" if database.dialect.name == "sqlite" else "SHOW lock_timeout"
    with database.write() as conn:
        before = conn.exec_driver_sql(asked).scalar()
    database.transactions.write_failure = "it was away"
    assert WriteCheck(database).problem() is None
    with database.write() as conn:
        assert conn.exec_driver_sql(asked).scalar() == before


def test_a_lock_of_somebody_else_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a write has waited for it as long as it may; also where the write is one of a group commit."""
    monkeypatch.setattr("app.jobs.database.sqlite.LOCK_WAIT", 0.1)
    file = tmp_path / "locked.db"
    database = Database.connect(make_url(f"sqlite:///{file}"), threads=1, synchronous="OFF")
    database.create_tables()
    other, check = sqlite3.connect(file, isolation_level=None), WriteCheck(database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable) as caught:
        GroupCommit(database).commit(bind_enqueue(database.dialect, [new_job()]))
    assert caught.value.reason == check.problem() == "database is locked"
    other.execute("ROLLBACK")
    eventually(lambda: check.problem() is None)
    other.close()
    database.close()
