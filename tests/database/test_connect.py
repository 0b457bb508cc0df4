"""Where the jobs of an app live, and which databases are refused, by name, before anything runs."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, MetaData, text

from app.jobs import ConfigError, NotReady, Simmer
from app.jobs.config import load_settings
from app.jobs.process.servers import Serving

from ..conftest import AppFactory
from ..support import eventually

MakeHost = Callable[..., tuple[Flask, Simmer]]


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    """Makes an app and its Simmer; with `db` it has a Flask-SQLAlchemy. Keywords are configuration."""
    made: list[tuple[Flask, Simmer]] = []

    def make(db: SQLAlchemy | None = None, testing: bool = False, **config: Any) -> tuple[Flask, Simmer]:
        app, jobs = Flask("host", instance_path=str(tmp_path / "instance")), Simmer()
        app.config.update({"JOBS_ENGINE": "manual", "TESTING": testing, **config})
        jobs.task("add")(lambda: 2)
        if db is not None:
            db.init_app(app)
        jobs.init_app(app, db)
        made.append((app, jobs))
        return app, jobs

    yield make
    for app, jobs in made:
        app.extensions.pop("sqlalchemy", None)
        with app.app_context():
            jobs.stop(timeout=5)
            jobs.runtime.database.close()


def run_one(app: Flask, jobs: Simmer) -> str:
    """A job as the app itself runs it: its state."""
    with app.app_context():
        job = jobs.submit("add")
        jobs.testing.drain()
        return jobs.get(job.id).state


def tables_in(file: Path) -> set[str]:
    """The names of the tables in a SQLite file."""
    with closing(sqlite3.connect(file)) as conn:
        return {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


# --- bind keys ----------------------------------------------------------------------------------------


@pytest.fixture
def binds(tmp_path: Path) -> dict[str, str]:
    """Two databases, none of which is the default."""
    return {key: f"sqlite:///{tmp_path}/{key}.db" for key in ("books", "work")}


def test_jobs_live_in_the_database_of_a_bind_key(
    make_app: AppFactory, binds: dict[str, str], tmp_path: Path, tables: list[str]
) -> None:
    """`create_all` makes the tables there alone, and `session=` joins the transaction that is there."""
    jobs, db = Simmer(), SQLAlchemy()
    jobs.task("add")(lambda: 2)
    app = make_app(jobs, db=db, SQLALCHEMY_BINDS=binds, JOBS_BIND_KEY="work", JOBS_ENGINE="manual")
    assert set(tables) <= tables_in(tmp_path / "work.db")
    assert not set(tables) & tables_in(tmp_path / "books.db")
    assert run_one(app, jobs) == "succeeded"
    with app.app_context():
        joined, gone = jobs.submit("add", session=db.session), None
        db.session.commit()
        gone = jobs.submit("add", session=db.session)
        db.session.rollback()
        assert joined.id in {job.id for job in jobs.list()}
        assert gone.id not in {job.id for job in jobs.list()}
        db.session.execute(text("CREATE TABLE notes (text)"))  # in the default database
        db.session.execute(text("INSERT INTO notes VALUES ('mine')"))
        assert jobs.submit("add").state == "queued"
        db.session.rollback()


def test_binds_without_a_default_are_refused_with_what_to_set(
    make_host: MakeHost, binds: dict[str, str]
) -> None:
    """In words, not as a KeyError; with a bind key they are enough."""
    with pytest.raises(ConfigError, match="set SQLALCHEMY_DATABASE_URI, or say with JOBS_BIND_KEY"):
        make_host(SQLAlchemy(), SQLALCHEMY_BINDS=binds)
    with pytest.raises(ConfigError, match="JOBS_BIND_KEY='word': SQLALCHEMY_BINDS has 'books', 'work'"):
        make_host(SQLAlchemy(), SQLALCHEMY_BINDS=binds, JOBS_BIND_KEY="word")
    app, jobs = make_host(SQLAlchemy(), SQLALCHEMY_BINDS=binds, JOBS_BIND_KEY="work")
    with app.app_context():
        jobs.init_db()
    assert run_one(app, jobs) == "succeeded"


# --- the order of init_app ----------------------------------------------------------------------------


def test_the_hosts_database_comes_first(make_host: MakeHost) -> None:
    """`jobs.init_app(app, db)` before `db.init_app(app)` is refused."""
    app = Flask("host")
    with pytest.raises(ConfigError, match=r"call db.init_app\(app\) before jobs.init_app"):
        Simmer().init_app(app, SQLAlchemy())


@pytest.mark.parametrize("engine", ["manual", "thread"])
def test_a_database_that_comes_later_is_not_passed_by(
    make_host: MakeHost, tmp_path: Path, caplog: pytest.LogCaptureFixture, engine: str
) -> None:
    """Without `db` the order is seen by the first use: nothing is stored in a second file, nothing runs."""
    app, jobs = make_host(JOBS_ENGINE=engine, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/host.db")
    runtime = app.extensions["simmer"]
    SQLAlchemy().init_app(app)
    uses = (lambda: jobs.submit("add"), jobs.list, jobs.start, jobs.init_db)
    for use in uses:
        with app.app_context(), pytest.raises(ConfigError, match="before jobs"):
            use()
    assert app.test_client().get("/api/v1/jobs").status_code == 500
    if engine == "thread":
        with caplog.at_level(logging.WARNING):
            runtime.start(Serving("a server that made the app"))
            eventually(lambda: "call db.init_app(app) before jobs.init_app(app)" in caplog.text)


# --- JOBS_DATABASE_URL --------------------------------------------------------------------------------


def test_an_app_without_flask_sqlalchemy_says_where_its_jobs_live(
    make_host: MakeHost, tmp_path: Path, tables: list[str]
) -> None:
    """A file, relative to the instance folder, which is made with its tables and for its owner alone."""
    app, jobs = make_host(JOBS_DATABASE_URL="sqlite:///work.db")
    assert run_one(app, jobs) == "succeeded"
    file = tmp_path / "instance" / "work.db"
    assert set(tables) <= tables_in(file)
    assert file.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "instance" / "simmer.db").exists()
    again, jobs = make_host(JOBS_DATABASE_URL="sqlite:///work.db")
    with again.app_context():
        assert [job.state for job in jobs.list()] == ["succeeded"]


def test_no_table_is_made_in_a_database_that_is_there(make_host: MakeHost, url: URL, tmp_path: Path) -> None:
    """`flask jobs init-db` makes them, as everywhere."""
    if url.database and url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(url.database)) as conn:
            conn.execute("CREATE TABLE notes (text)")
    app, jobs = make_host(JOBS_DATABASE_URL=url.render_as_string(hide_password=False))
    with app.app_context():
        assert not jobs.runtime.database.has_tables()
        assert app.test_cli_runner().invoke(args=["jobs", "init-db"]).exit_code == 0
    assert run_one(app, jobs) == "succeeded"


def test_in_memory_it_is_for_tests(make_host: MakeHost) -> None:
    """As with Flask-SQLAlchemy: with the engines of tests, or for suites that run no job."""
    assert run_one(*make_host(JOBS_DATABASE_URL="sqlite://")) == "succeeded"
    with pytest.raises(ConfigError, match="in-memory"):
        make_host(JOBS_DATABASE_URL="sqlite://", JOBS_ENGINE="thread")


def test_beside_flask_sqlalchemy_it_is_refused(make_host: MakeHost) -> None:
    """Two places to look for a job are one too many."""
    with pytest.raises(ConfigError, match="JOBS_DATABASE_URL is for apps without Flask-SQLAlchemy"):
        make_host(SQLAlchemy(), SQLALCHEMY_DATABASE_URI="sqlite://", JOBS_DATABASE_URL="sqlite:///a.db")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("no-url:s3cret", "JOBS_DATABASE_URL is no database URL"),
        ("mssql://ada:s3cret@h/d", "mssql: use sqlite or postgresql"),
        ("postgresql+nope://ada:s3cret@h/d", r"no driver postgresql\+nope"),
        (
            "postgresql+asyncpg://ada:s3cret@h/d",
            r"postgresql\+asyncpg, which is asynchronous: use .*\+psycopg:",
        ),
        ("postgresql+psycopg_async://ada:s3cret@h/d", r"psycopg_async, which is asynchronous"),
        ("sqlite+aiosqlite:///s3cret.db", r"aiosqlite, which is asynchronous: use sqlite\+pysqlite:"),
        ("sqlite+pysqlcipher:///s3cret.db", "pysqlcipher, which is not supported"),
        ("postgresql+psycopg2cffi://ada:s3cret@h/d", "psycopg2cffi, which is not supported"),
    ],
)
def test_what_cannot_work_is_refused_without_a_password(make_host: MakeHost, where: str, words: str) -> None:
    """At `init_app`, naming what it is, with what can be used instead."""
    with pytest.raises(ConfigError, match=words) as refused:
        make_host(JOBS_DATABASE_URL=where)
    assert "s3cret" not in str(refused.value)
    assert "s3cret" not in repr(load_settings({"JOBS_DATABASE_URL": where}, "host"))


# --- engines of a host --------------------------------------------------------------------------------


def test_an_asynchronous_engine_of_the_host_is_refused(make_host: MakeHost) -> None:
    """By the name of its driver, with those that can be used."""
    with pytest.raises(ConfigError, match=r"psycopg_async, which is asynchronous: use postgresql\+psycopg:"):
        make_host(SQLAlchemy(), SQLALCHEMY_DATABASE_URI="postgresql+psycopg_async://h/d")


@pytest.mark.parametrize(
    ("options", "words"), [({"paramstyle": "named"}, "paramstyle="), ({"module": logging}, "module=")]
)
def test_an_option_that_jobs_cannot_live_with_is_named(
    make_host: MakeHost, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    """Our statements go to the driver as it is."""
    if "module" in options:
        options = {"module": type("Driver", (), {**vars(sqlite3)})}
    with pytest.raises(ConfigError, match=f"SQLALCHEMY_ENGINE_OPTIONS: jobs cannot use another {words}"):
        make_host(
            SQLAlchemy(),
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/a.db",
            SQLALCHEMY_ENGINE_OPTIONS=options,
        )


def test_a_schema_is_refused_where_there_are_none(make_host: MakeHost, tmp_path: Path) -> None:
    """SQLite has none; one that its engine translates away is no hindrance."""
    where = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/a.db"}
    with pytest.raises(ConfigError, match=r"MetaData\(schema='tenant'\): sqlite has no schemas"):
        make_host(SQLAlchemy(metadata=MetaData(schema="tenant")), **where)
    options = {"execution_options": {"schema_translate_map": {"tenant": None}}}
    db = SQLAlchemy(metadata=MetaData(schema="tenant"), engine_options=options)
    app, jobs = make_host(db, **where)
    with app.app_context():
        db.create_all()
    assert run_one(app, jobs) == "succeeded"


def test_more_threads_than_connections_are_warned_of(
    make_host: MakeHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, with both numbers; not where the pool is large enough, has no limit, or no job runs."""
    config = {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/a.db",
        "JOBS_ENGINE": "thread",
        "JOBS_AUTOSTART": False,
        "JOBS_THREADS": 8,
    }
    small = {"pool_size": 3, "max_overflow": 4}
    for fits in (
        {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 3, "max_overflow": 5}},
        {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 3, "max_overflow": -1}},
        {"SQLALCHEMY_ENGINE_OPTIONS": small, "JOBS_ROLE": "web"},
        {"SQLALCHEMY_ENGINE_OPTIONS": small, "JOBS_ENGINE": "manual"},
    ):
        make_host(SQLAlchemy(), **{**config, **fits})
    assert "JOBS_THREADS" not in caplog.text
    make_host(SQLAlchemy(), **config, SQLALCHEMY_ENGINE_OPTIONS=small)
    (warning,) = [message for message in caplog.messages if "JOBS_THREADS=8" in message]
    assert "7 connections" in warning
    assert "SQLALCHEMY_ENGINE_OPTIONS" in warning


# --- SQLite in memory ---------------------------------------------------------------------------------


def test_a_suite_that_runs_no_job_may_be_in_memory(make_host: MakeHost) -> None:
    """With TESTING no thread starts, and what would run a job is refused with a hint."""
    db = SQLAlchemy()
    app, jobs = make_host(db, testing=True, JOBS_ENGINE="thread", SQLALCHEMY_DATABASE_URI="sqlite://")
    app.add_url_rule("/", view_func=lambda: "a page")
    client = app.test_client()
    assert client.get("/").text == "a page"
    refused = (
        lambda: jobs.submit("add"),
        lambda: jobs.submit("add", session=db.session),
        jobs.start,
    )
    with app.app_context():
        db.create_all()
        assert jobs.list() == []
        for use in refused:
            with pytest.raises(NotReady, match='JOBS_ENGINE="inline" in tests'):
                use()
        assert jobs.list() == []
        assert not jobs.runtime.is_running
    answer = client.post("/api/v1/jobs", json={"task": "add"})
    assert answer.status_code == 503
    assert 'JOBS_ENGINE="inline"' in answer.get_json()["detail"]
