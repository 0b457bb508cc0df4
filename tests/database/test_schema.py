"""Tables of an earlier version: said by name, and mended in place beside those that still use them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, inspect, make_url, text

from app.jobs import TablesMissing
from app.jobs.database import sqlite
from app.jobs.database.database import Database
from app.jobs.database.tables import METADATA
from tests.support import eventually

from .earlier_tables import make_earlier_tables

NOW = datetime(2026, 11, 26, tzinfo=UTC)
FIRST = {
    "simmer_jobs": "task state args queue priority max_attempts tags on_interrupt attempt created_at run_at"
    " version due run rerun crashes",
    "simmer_attempts": "attempt worker claimed_at",
    "simmer_events": "job_id at type to_state attempt",
    "simmer_schedules": "task args trigger policy anchor paused retired created_at updated_at",
    "simmer_fires": "decision count decided_at late_seconds",
    "simmer_workers": "host pid engine threads state started_at heartbeat_at beat",
    "simmer_leases": "holder until",
    "simmer_idempotency": "fingerprint created_at",
    "simmer_counters": "count seconds",
    "simmer_thread_dumps": "worker requested_at",
    "simmer_history": "count seconds",
    "simmer_watermarks": "at",
    "simmer_steps": "run started_at finished_at",
    "simmer_files": "storage created_at",
    "simmer_file_parts": "data",
    "simmer_retentions": "app seconds",
    "simmer_stuck_runs": "task since",
    "simmer_controls": "changed_at version",
    "simmer_limit_keys": "subject wake_count",
    "simmer_rate_claims": "count",
    "simmer_emitted": "data last size",
    "simmer_turns": "last_key",
    "simmer_logs": "attempt lines level size last",
    "simmer_batches": "total pending failed created_at",
    "simmer_unique_keys": "job_id",
    "simmer_callbacks": "url",
}
"""What each row has had since its table was made, which alone may be required without a default."""


@pytest.fixture
def earlier(url: URL) -> Iterator[Database]:
    """A database with the tables of an earlier version, once for each kind."""
    with closing(Database.connect(url, threads=4, synchronous="OFF")) as made:
        make_earlier_tables(url)
        yield made


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=str)
def test_every_column_can_be_added_in_place(table: Any) -> None:
    """It is nullable or has a server default, so that the version before can leave it out of an INSERT."""
    required = {c.name for c in table.columns if not (c.nullable or c.primary_key or c.server_default)}
    assert required <= set(FIRST.get(table.name, "").split()), "give the new column a server default"


def test_all_columns_are_added_to_bare_keys(url: URL) -> None:
    """Whatever an earlier version lacked: columns and indexes are those of tables that were made anew."""
    others = {t.name: [c.name for c in t.columns if not c.primary_key] for t in METADATA.sorted_tables}
    with closing(Database.connect(url, threads=4, synchronous="OFF")) as database:
        database.create_tables()
        made = shape_of(database)
        METADATA.drop_all(database.engine)
        make_earlier_tables(url, without=others)
        database.create_tables()
        database.check()
        assert shape_of(database) == made


def shape_of(database: Database) -> list[Any]:
    """The types of the columns, and the indexes, of each table."""
    found = inspect(database.engine)
    return [
        (
            {c["name"]: str(c["type"]) for c in found.get_columns(table.name) if c["name"] != "job_id"},
            {index["name"]: index["column_names"] for index in found.get_indexes(table.name)},
        )
        for table in METADATA.sorted_tables
    ]


def test_what_is_missing_is_said_by_name(earlier: Database) -> None:
    """By every transaction, until it was added; then at once no more."""
    for opened in (earlier.read, earlier.raw_read, earlier.write, earlier.raw_write):
        with pytest.raises(TablesMissing, match="flask jobs init-db") as refused, opened():
            raise AssertionError("it must not begin")
        assert "simmer_workers.tasks" in str(refused.value)
        assert "simmer_idempotency.resource_id" in str(refused.value)
    earlier.create_tables()
    with earlier.raw_read():
        pass


def test_the_version_before_goes_on(earlier: Database) -> None:
    """Its rows without the new columns are stored beside ours, and keep what they had said."""
    ours = earlier.transactions
    with ours.write() as conn:
        conn.execute(text(OLD_KEY), {"key": "old", "now": NOW.isoformat()})
    earlier.create_tables()
    with ours.write() as conn:
        conn.execute(text(OLD_WORKER), {"now": NOW.isoformat()})
        assert conn.execute(text("SELECT key, resource_id FROM simmer_idempotency")).all() == [("old", "j1")]
        conn.execute(text(OLD_KEY.replace("job_id", "resource_id")), {"key": "n", "now": NOW.isoformat()})
        if earlier.dialect.name != "sqlite":  # which can only drop the column of before
            conn.execute(text(OLD_KEY), {"key": "late", "now": NOW.isoformat()})


OLD_KEY = (
    "INSERT INTO simmer_idempotency (scope, key, fingerprint, job_id, created_at)"
    " VALUES ('', :key, 'f', 'j1', :now)"
)
OLD_WORKER = (
    "INSERT INTO simmer_workers (id, host, pid, engine, threads, state, started_at, heartbeat_at, beat)"
    " VALUES ('w', 'h', 1, 'thread', 8, 'running', :now, :now, 0)"
)


def test_processes_that_mend_together_do_it_once(earlier: Database, url: URL) -> None:
    """Four at the same moment: none of them fails, and nothing is missing afterwards."""
    mine = [Database.connect(url, threads=1, synchronous="OFF") for _ in range(4)]
    together = threading.Barrier(4)

    def mend(database: Database) -> None:
        together.wait()
        with closing(database):
            database.create_tables()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(mend, mine)) == [None] * 4
    assert earlier.missing_sql() == []


def test_a_reader_is_not_waited_for_in_front_of_others(earlier: Database) -> None:
    """While a transaction of somebody else has read the table, others read on, and it is tried again."""
    with ThreadPoolExecutor(1) as threads:
        with earlier.transactions.read() as reader:
            reader.execute(text("SELECT id FROM simmer_workers")).all()
            mending = threads.submit(earlier.create_tables)
            others = 0
            while earlier.dialect.name != "sqlite" and others < 20:
                with earlier.transactions.read() as conn:
                    others += len(conn.execute(text("SELECT count(*) FROM simmer_workers")).all())
            assert earlier.dialect.name == "sqlite" or not mending.done()
        mending.result(timeout=10)
    earlier.check()


def test_who_writes_for_long_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: when the wait for it was in vain, the next step is tried again."""
    monkeypatch.setattr(sqlite, "LOCK_WAIT", 0.02)
    url = make_url(f"sqlite:///{tmp_path}/test.db")
    with (
        closing(Database.connect(url, threads=1, synchronous="OFF")) as writer,
        closing(Database.connect(url, threads=1, synchronous="OFF")) as mending,
        ThreadPoolExecutor(1) as threads,
    ):
        writer.transactions.create_file()
        with writer.transactions.write():
            made = threads.submit(mending.create_tables)
            assert "locked" in eventually(lambda: mending.transactions.write_failure)
        made.result(timeout=10)
        writer.check()


def test_the_statements_are_said_and_are_all_that_is_missing(earlier: Database) -> None:
    """Executed by somebody else, they mend it."""
    said = earlier.missing_sql()
    assert any("ADD COLUMN tasks" in sql for sql in said)
    with earlier.transactions.write() as conn:
        for sql in said:
            conn.execute(text(sql))
    earlier.check()
    assert earlier.missing_sql() == []


def test_a_slower_index_is_no_reason_to_stop(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """It is warned of once and added again; without the one that keeps fire times single nothing works."""
    for name, is_vital in (("ix_simmer_jobs_task", False), ("uq_simmer_jobs_fire_time", True)):
        with database.transactions.write() as conn:
            conn.execute(text(f"DROP INDEX {name}"))
        database.transactions.is_complete = False
        if is_vital:
            with pytest.raises(TablesMissing, match=name):
                database.check()
        else:
            for _ in range(2):
                database.check()
            assert caplog.text.count(name) == 1
        database.create_tables()
        assert database.missing_sql() == []
