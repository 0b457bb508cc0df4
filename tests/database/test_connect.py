"""Where the jobs of an app live, and which databases are refused, by name, before anything runs."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, text

from app.jobs import ConfigError, Simmer, TablesMissing
from app.jobs.config import load_settings
from app.jobs.process.servers import Serving

from ..conftest import AppFactory
from ..support import eventually
from .conftest import MakeHost, run_one


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
        with pytest.raises(TablesMissing):
            jobs.runtime.database.check()
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


def test_a_bind_key_needs_flask_sqlalchemy(make_host: MakeHost) -> None:
    """Without it nothing would look at the setting, and the jobs would be elsewhere."""
    with pytest.raises(ConfigError, match=r"JOBS_BIND_KEY='jobs'.*has no Flask-SQLAlchemy"):
        make_host(JOBS_BIND_KEY="jobs", JOBS_DATABASE_URL="sqlite:///a.db")


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
    assert "s3cret" not in repr(load_settings({"JOBS_DATABASE_URL": where}))
