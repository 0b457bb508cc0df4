"""Databases and apps for the tests: fixtures are factories, and each test has its own."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, create_engine, delete, make_url, text
from sqlalchemy.exc import OperationalError

from app.jobs import Simmer
from app.jobs.database.database import Database
from app.jobs.database.tables import METADATA

from .browser import MISSING, find_chromium, running_browser
from .support import sqlite_with_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CANDIDATES = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://127.0.0.1:5432/postgres")
KINDS = ("sqlite", "postgresql")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How the suite is spread over several cores."""
    from .distribution import FilesAndServers

    return FilesAndServers(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server or a browser is skipped by name where there is none, unless it must be there."""
    if os.environ.get("JOBS_REQUIRE_SERVICES") == "1":
        return
    if _postgres_url() is None:
        reason = "PostgreSQL is not reachable: set TEST_DATABASE_URLS"
        _skip([item for item in items if "[postgresql" in item.name], reason)
    if find_chromium() is None:
        _skip([item for item in items if "browser" in getattr(item, "fixturenames", ())], MISSING)


def _skip(items: list[pytest.Item], reason: str) -> None:
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


def _postgres_url() -> URL | None:
    given = [part for part in os.environ.get("TEST_DATABASE_URLS", "").replace(",", " ").split() if part]
    for candidate in (*[url for url in given if url.startswith("postgresql")], *CANDIDATES):
        # By name: the default driver is psycopg2 in SQLAlchemy 2.0, and psycopg from 2.1 on.
        url = make_url(candidate).set(drivername="postgresql+psycopg")
        try:
            engine = create_engine(url, connect_args={"connect_timeout": 2})
            with engine.connect():
                return url
        except OperationalError:
            continue
        finally:
            engine.dispose()
    return None


@contextmanager
def _postgres_database() -> Iterator[URL]:
    """A database of its own on the PostgreSQL server, so that several sessions can run at once."""
    url = _postgres_url()
    if url is None:
        pytest.fail(
            "PostgreSQL is required (JOBS_REQUIRE_SERVICES=1) and not reachable: set TEST_DATABASE_URLS"
        )
    name = f"simmer_{uuid.uuid4().hex[:12]}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name)
    with server.connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A database on PostgreSQL whose tables are made by the tests."""
    with _postgres_database() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_with_tables() -> Iterator[Database]:
    """A database on PostgreSQL whose tables stay from test to test: most of a test's time was DDL."""
    with _postgres_database() as url:
        made = Database.connect(url, threads=8, synchronous="NORMAL")
        yield made
        made.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    path.write_bytes(sqlite_with_tables())
    return path


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The URL of an empty database, once for each kind."""
    if request.param == "sqlite":
        return make_url(f"sqlite:///{tmp_path}/test.db")
    found: URL = request.getfixturevalue("postgres")
    engine = create_engine(found)
    with engine.begin() as conn:
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return found


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables, once for each kind."""
    if request.param == "postgresql":
        kept: Database = request.getfixturevalue("postgres_with_tables")
        kept.create_tables()
        kept.transactions.write_failure = None
        with kept.write() as conn:
            for table in METADATA.sorted_tables:
                conn.execute(delete(table))
        yield kept
        return
    file = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
    made = Database.connect(make_url(f"sqlite:///{file}"), threads=8, synchronous="NORMAL")
    yield made
    made.close()


AppFactory = Callable[..., Flask]


@pytest.fixture(scope="session")
def shared_db() -> SQLAlchemy:
    """One for all apps that have no models of their own: to copy our tables takes a third of making one."""
    return SQLAlchemy()


@pytest.fixture
def make_app(tmp_path: Path, sqlite_template: Path, shared_db: SQLAlchemy) -> Iterator[AppFactory]:
    """Makes apps with a database and a Simmer; ends their threads after the test.

    `make_app(jobs, url=…, db=…, JOBS_THREADS=…)`: other keywords are configuration; SQLite by default.
    """
    made: list[tuple[Flask, Simmer]] = []

    def make(
        jobs: Simmer, url: URL | None = None, tables: bool = True, db: SQLAlchemy | None = None,
        name: str | None = None, **config: Any,
    ) -> Flask:  # fmt: skip
        app = Flask(name or f"host{len(made)}", instance_path=str(tmp_path))
        if url is None:
            file = tmp_path / f"app{len(made)}.db"
            url = make_url(f"sqlite:///{file}")
            if tables:
                shutil.copy(sqlite_template, file)
        where = url.render_as_string(hide_password=False)
        defaults = {"SQLALCHEMY_DATABASE_URI": where, "JOBS_SQLITE_SYNCHRONOUS": "NORMAL", "JOBS_APP": "host"}
        app.config.update({**defaults, **config})
        db = db or shared_db
        db.init_app(app)
        jobs.init_app(app, db)
        made.append((app, jobs))
        if tables:
            with app.app_context():
                db.create_all()
        return app

    yield make
    for app, jobs in made:
        with app.app_context():
            jobs.stop(timeout=5)
            jobs.runtime.database.close()
            for engine in app.extensions["sqlalchemy"].engines.values():
                engine.dispose()


@pytest.fixture
def tables() -> list[str]:
    """The names of our tables."""
    return [table.name for table in METADATA.sorted_tables]


# Not for the whole session: Playwright keeps an event loop in this thread, beside which no other can run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file."""
    if find_chromium() is None:
        pytest.fail(f"A browser is required (JOBS_REQUIRE_SERVICES=1): {MISSING}")
    with running_browser() as running:
        yield running
