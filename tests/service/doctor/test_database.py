"""Checks of the database."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from app.jobs import Simmer
from app.jobs.clock import Clock
from app.jobs.database import sqlite_findings
from app.jobs.database.sqlite_findings import file_system_of

from ...conftest import AppFactory
from .examined import finding, findings


def test_a_database_in_order_is_ok(make_app: AppFactory, url: URL) -> None:
    """It answers with its version, is complete, and a job can be stored, of which nothing is left."""
    app = make_app(Simmer(), url)
    assert [finding(app, check).level for check in ("database", "schema", "writes")] == ["ok"] * 3
    assert any(name in finding(app, "database").what for name in ("SQLite 3.", "PostgreSQL 1"))
    with app.app_context():
        assert app.extensions["simmer"].jobs.page(limit=1) == []


def test_missing_tables_and_columns_are_serious_and_an_index_is_not(make_app: AppFactory, url: URL) -> None:
    """Nothing works without the former, and nobody asks further; without the latter everything is slower."""
    app = make_app(Simmer(), url)
    database = app.extensions["simmer"].database
    with database.write() as conn:
        conn.execute(text("DROP INDEX ix_simmer_schedules_next"))
    found = finding(app, "schema")
    assert (found.level, found.what) == ("warning", "ix_simmer_schedules_next missing")
    assert finding(app, "writes").level == "ok"
    with database.write() as conn:
        conn.execute(text("ALTER TABLE simmer_logs DROP COLUMN level"))
    found = finding(app, "schema")
    assert (found.level, "simmer_logs.level" in found.what) == ("serious", True)
    assert findings(app, "writes") == findings(app, "workers") == []


def test_a_database_without_tables_is_serious(make_app: AppFactory, url: URL) -> None:
    """Whether there is no table yet or, for SQLite, no file."""
    app = make_app(Simmer(), url, tables=False)
    found = finding(app, "schema")
    assert (found.level, "init-db" in str(found.hint)) == ("serious", True)


def test_a_server_that_does_not_answer_is_serious(make_app: AppFactory) -> None:
    """It is said once, and the checks that need no database go on."""
    app = make_app(Simmer(), make_url("postgresql+psycopg://nobody:x@127.0.0.1:1/none"), tables=False)
    assert finding(app, "database").level == "serious"
    assert findings(app, "workers") == []
    assert findings(app, "access")


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (-60, "serious"), (60, "serious")])
def test_a_clock_that_is_off_is_serious(
    make_app: AppFactory, postgres: URL, seconds: int, level: str
) -> None:
    """That of this machine against the server's."""
    app = make_app(Simmer(), postgres)

    class Skewed(Clock):
        def now(self):  # type: ignore[no-untyped-def]
            return super().now() + timedelta(seconds=seconds)

    app.extensions["simmer"].clock = Skewed()
    assert finding(app, "clock").level == level


def test_another_journal_than_wal_is_serious(make_app: AppFactory, tmp_path: Path) -> None:
    """SQLite stays with the old one where the file cannot be mapped into memory."""
    url = make_url(f"sqlite:///file:{tmp_path}/dot.db?vfs=unix-dotfile&uri=true")
    found = finding(make_app(Simmer(), url), "journal")
    assert (found.level, "delete" in found.what) == ("serious", True)
    assert finding(make_app(Simmer()), "journal").level == "ok"


def test_a_database_that_takes_no_write_is_serious(make_app: AppFactory) -> None:
    """A full file: the trial needs more pages than it may have."""
    app = make_app(Simmer())
    database = app.extensions["simmer"].database
    with database.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1")
    found = finding(app, "writes")
    assert (found.level, "full" in found.what) == ("serious", True)


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", "ok"), ("NORMAL", "warning")])
def test_less_durability_is_a_warning(make_app: AppFactory, synchronous: str, level: str) -> None:
    """As JOBS_SQLITE_SYNCHRONOUS says."""
    app = make_app(Simmer(), JOBS_SQLITE_SYNCHRONOUS=synchronous)
    assert finding(app, "durability").level == level


@pytest.mark.parametrize(("mib", "level"), [(10, "serious"), (500, "warning"), (5_000, "ok")])
def test_a_disk_that_fills_up_is_said_in_time(
    make_app: AppFactory, monkeypatch: pytest.MonkeyPatch, mib: int, level: str
) -> None:
    """First as a warning."""
    usage = type("Usage", (), {"free": mib * 1024 * 1024})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert finding(make_app(Simmer()), "disk").level == level


def test_a_network_file_system_is_serious(
    make_app: AppFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the mount that lies over the others, names with spaces too."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "none / ext4 rw 0 0\nserver:/ /a nfs4 rw 0 0\nnone /a/b tmpfs rw 0 0\nx /c\\040d cifs rw 0 0\n"
    )
    kinds = [file_system_of(path, str(mounts)) for path in ("/x.db", "/a/x.db", "/a/b/x.db", "/c d/x.db")]
    assert kinds == ["ext4", "nfs4", "tmpfs", "cifs"]
    assert file_system_of("/x.db", str(tmp_path / "none")) is None
    app = make_app(Simmer())
    assert finding(app, "file system").level == "ok"
    monkeypatch.setattr(sqlite_findings, "file_system_of", lambda path: "nfs4")
    assert finding(app, "file system").level == "serious"
