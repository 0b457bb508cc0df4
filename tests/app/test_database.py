"""The service's tables and its connections."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, event, inspect, text

from app import database, models
from app.extensions import db

from .conftest import ServiceFactory
from .support import ROOT

CSV = "name,email,age\nAda,ada@example.com,36\n"
START = """
import sys
import sqlalchemy
from app import create_app
from app.extensions import db
sys.stdin.readline()
app = create_app({"SQLALCHEMY_DATABASE_URI": sys.argv[1], "JOBS_AUTOSTART": False})
with app.app_context():
    print(set(db.metadata.tables) == set(sqlalchemy.inspect(db.engine).get_table_names()))
"""


def test_processes_that_start_together_create_the_tables_once(url: URL) -> None:
    """Four at the same moment on an empty database: none of them fails."""
    command = [sys.executable, "-c", START]
    processes = [
        subprocess.Popen(
            [*command, url.render_as_string(hide_password=False)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert answers == [("True\n", "")] * 4


def test_readers_and_a_writer_get_along_on_sqlite(make_service: ServiceFactory) -> None:
    """WAL, a long wait for the lock and foreign keys, on each connection of the service."""
    app = make_service()
    with app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA busy_timeout")) == 4_000
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_no_connection_is_left_for_a_fork(make_service: ServiceFactory, url: URL) -> None:
    """A server that makes the app before it forks shares no connection with its workers."""
    app = make_service(url)
    made: list[object] = []
    with app.app_context():
        event.listen(db.engine, "connect", lambda *_: made.append(None))
        with db.engine.connect():
            assert len(made) == 1, "an idle connection was there"


def test_all_models_are_created(make_service: ServiceFactory) -> None:
    """No model is forgotten in the list of the service's own tables."""
    app = make_service()
    own = {name for name in db.metadata.tables if not name.startswith("simmer_")}
    assert {model.__tablename__ for model in models.ALL} == own
    with app.app_context():
        assert own <= set(inspect(db.engine).get_table_names())


def test_a_database_that_is_away_is_no_crash(
    make_service: ServiceFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service starts, says what to do, and answers 503 until it is back."""
    with caplog.at_level(logging.ERROR):
        app = make_service(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/missing/service.db")
    assert "init-db" in caplog.text
    for path in ("/", "/users", "/updates"):
        answer = app.test_client().get(path)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


def test_a_locked_database_is_an_outage_for_writers_only(
    make_service: ServiceFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else holds SQLite's lock, POST answers 503 in time and GET goes on."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    client = make_service().test_client()
    with closing(sqlite3.connect(tmp_path / "service.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        body = {"name": "Ada", "email": "ada@example.com", "age": 36}
        assert client.post("/users", json=body).status_code == 503
        assert client.post("/users/import", data=CSV, content_type="text/csv").status_code == 503
        assert client.get("/users").json == {"items": [], "next_cursor": None}
        other.execute("COMMIT")
    assert client.post("/users", json=body).status_code == 201
