"""Our engine connects as the host's does, whatever the host told SQLAlchemy or its driver."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, MetaData, NullPool, create_engine, event, make_url, text
from sqlalchemy.orm import DeclarativeBase, Session

from app.jobs import Simmer
from app.jobs.database.database import Database
from app.jobs.database.host_engine import HostConnections, engine_beside
from app.jobs.database.postgresql import PostgreSQL

from ..conftest import AppFactory

BERLIN = "-c timezone=Europe/Berlin"


def run_one(jobs: Simmer, app: Flask) -> Any:
    """A job as threads of this process have run it, over all the statements that this takes."""
    with app.app_context():
        jobs.start()
        return jobs.wait(jobs.submit("add").id, 10)


def simmer() -> Simmer:
    """With one task."""
    jobs = Simmer()
    jobs.task("add")(lambda: 2)
    return jobs


def make_schema(postgres: URL, name: str) -> None:
    """Make it anew."""
    with closing(psycopg.connect(postgres.set(drivername="postgresql").render_as_string(False))) as conn:
        conn.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
        conn.execute(f'CREATE SCHEMA "{name}"')
        conn.commit()


def our_setting(jobs: Simmer, app: Flask, name: str) -> Any:
    """What a connection of ours answers to SHOW."""
    with app.app_context(), jobs.runtime.database.read() as conn:
        return conn.exec_driver_sql(f"SHOW {name}").scalar()


def test_a_creator_makes_our_connections_too(make_app: AppFactory, postgres: URL) -> None:
    """A URL without host and password is enough for the host, so it is for us."""
    where = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    options = {"creator": lambda: psycopg.connect(where)}
    jobs = simmer()
    app = make_app(jobs, url=make_url("postgresql+psycopg://"), SQLALCHEMY_ENGINE_OPTIONS=options)
    assert run_one(jobs, app).state == "succeeded"


def test_options_of_the_driver_are_ours_too(make_app: AppFactory, postgres: URL) -> None:
    """Credentials and session options among `connect_args`; a job has its times in UTC all the same."""
    args = {"password": postgres.password, "application_name": "the-host", "options": BERLIN}
    jobs = simmer()
    app = make_app(jobs, url=postgres.set(password="wrong"), SQLALCHEMY_ENGINE_OPTIONS={"connect_args": args})
    job = run_one(jobs, app)
    assert our_setting(jobs, app, "application_name") == "the-host"
    assert our_setting(jobs, app, "timezone") == "Europe/Berlin"
    assert job.finished_at.utcoffset().total_seconds() == 0
    assert abs(job.finished_at - job.created_at).total_seconds() < 60


def test_options_in_the_url_are_kept(make_app: AppFactory, postgres: URL) -> None:
    """Tables are found by the search path that the URL sets, and times are the same moments."""
    make_schema(postgres, "by_path")
    options = f"{BERLIN} -c search_path=by_path"
    jobs = simmer()
    app = make_app(jobs, url=postgres.update_query_dict({"options": options}))
    job = run_one(jobs, app)
    assert job.state == "succeeded"
    assert abs(job.finished_at - job.created_at).total_seconds() < 60
    assert our_setting(jobs, app, "search_path") == "by_path"


def test_what_listeners_of_the_host_do_is_done_for_us(make_app: AppFactory, postgres: URL) -> None:
    """A token as password, and a setting on each connection, which no listener has committed."""
    jobs, db = simmer(), SQLAlchemy()
    app = make_app(jobs, url=postgres.set(password="stale"), db=db, tables=False)
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "do_connect")
    def give_token(_dialect: Any, _record: Any, _args: Any, params: dict[str, Any]) -> None:
        params["password"] = postgres.password

    @event.listens_for(engine, "connect")
    def set_role(connection: Any, _record: Any) -> None:
        connection.execute("SET work_mem = '71MB'")

    with app.app_context():
        jobs.init_db()
    assert run_one(jobs, app).state == "succeeded"
    assert our_setting(jobs, app, "work_mem") == "71MB"


def test_the_hosts_connections_have_none_of_ours(postgres: URL) -> None:
    """What we add to the arguments of the driver is for connections of ours alone."""
    seen: list[Any] = []
    host = create_engine(postgres)
    ours = engine_beside(host, None, HostConnections(host, {"connect_timeout": 3}, lambda _driver: None))

    @event.listens_for(host, "do_connect")
    def note(_dialect: Any, _record: Any, _args: Any, params: dict[str, Any]) -> None:
        seen.append(params.get("connect_timeout"))

    with ours.connect():
        pass
    seen.clear()
    for engine in (host, ours):
        engine.dispose()
        with engine.connect():
            pass
        engine.dispose()
    assert seen == [None, 3]


def test_an_exhausted_pool_of_the_host_stops_nobody_of_us(postgres: URL) -> None:
    """Outcomes are written while requests hold every connection of the host's."""
    host = create_engine(postgres, pool_size=1, max_overflow=0)
    database = Database.beside(host, None, threads=1, synchronous="FULL")
    with database.read() as conn:
        assert conn.scalar(text("SELECT 1")) == 1
    database.transactions.engine.dispose()
    with host.connect(), database.read() as conn:
        assert conn.scalar(text("SELECT 1")) == 1
    database.close()
    host.dispose()


def test_a_host_that_commits_each_statement_does_not_make_us_do_so(make_app: AppFactory, url: URL) -> None:
    """With `isolation_level="AUTOCOMMIT"` on the host's engine our transactions stay whole."""
    jobs = simmer()
    app = make_app(jobs, url=url, SQLALCHEMY_ENGINE_OPTIONS={"isolation_level": "AUTOCOMMIT"})
    with app.app_context():
        database = jobs.runtime.database
        with database.write() as conn:
            conn.execute(text("INSERT INTO simmer_tags (tag, job_id) VALUES ('a', '1')"))
            conn.rollback()
        with database.read() as conn:
            assert conn.scalar(text("SELECT count(*) FROM simmer_tags")) == 0


def test_where_the_host_keeps_no_connection_neither_do_we(make_app: AppFactory, url: URL) -> None:
    """With NullPool none is open after a job: another pool stands before the database."""
    opened: list[Any] = []
    jobs, db = simmer(), SQLAlchemy(engine_options={"poolclass": NullPool})
    app = make_app(jobs, url=url, db=db)
    with app.app_context():
        engine = jobs.runtime.database.engine
        event.listen(engine, "connect", lambda connection, _record: opened.append(connection))
        event.listen(engine, "close", lambda connection, _record: opened.remove(connection))
        job = jobs.submit("add")
        assert jobs.get(job.id).state == "queued"
        assert isinstance(engine.pool, NullPool)
    assert opened == []


def test_a_factory_of_the_drivers_is_kept_by_sqlite(make_app: AppFactory) -> None:
    """`connect_args` reach the driver there too, but for what threads and the write lock need."""

    class Ours(sqlite3.Connection):
        pass

    jobs = simmer()
    args = {"factory": Ours, "check_same_thread": True, "timeout": 60}
    app = make_app(jobs, SQLALCHEMY_ENGINE_OPTIONS={"connect_args": args})
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()  # only this thread can close what it has opened
    assert run_one(jobs, app).state == "succeeded"
    with app.app_context(), jobs.runtime.database.read() as conn:
        driver: Any = conn.connection.dbapi_connection
        assert isinstance(driver, Ours)
        assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar() == 4_000


def test_a_creator_decides_which_file_of_sqlite_it_is(make_app: AppFactory, tmp_path: Path) -> None:
    """Also for the connection that looks whether anybody has written."""
    real = tmp_path / "real.db"
    options = {"creator": lambda: sqlite3.connect(real, check_same_thread=False)}
    jobs = simmer()
    app = make_app(jobs, url=make_url(f"sqlite:///{tmp_path}/named.db"), SQLALCHEMY_ENGINE_OPTIONS=options)
    assert run_one(jobs, app).state == "succeeded"
    assert not (tmp_path / "named.db").exists()


class Named(DeclarativeBase):
    """A host's base whose tables are in a schema that has to be quoted."""

    metadata = MetaData(schema="Host Tables")


def test_tables_live_in_the_schema_of_the_hosts_metadata(make_app: AppFactory, postgres: URL) -> None:
    """`create_all` makes them there; jobs are submitted, joined, run and listed, also by a second app."""
    make_schema(postgres, "Host Tables")
    for _ in range(2):
        jobs, db = simmer(), SQLAlchemy(model_class=Named)
        app = make_app(jobs, url=postgres, db=db)
    assert run_one(jobs, app).state == "succeeded"
    with app.app_context():
        joined = jobs.submit("add", tags=["joined"], session=db.session)
        db.session.commit()
        assert jobs.wait(joined.id, 10).state == "succeeded"
        assert [job.id for job in jobs.list(tag="joined")] == [joined.id]
        assert db.session.scalar(text('SELECT count(*) FROM "Host Tables".simmer_jobs')) == 2


def test_a_schema_that_the_hosts_engine_translates_is_ours_too(make_app: AppFactory, postgres: URL) -> None:
    """`schema_translate_map` in the options of the engine; `init-db` makes the tables in the real schema."""
    make_schema(postgres, "tenant")
    options = {"execution_options": {"schema_translate_map": {None: "tenant"}}}
    jobs = simmer()
    app = make_app(jobs, url=postgres, tables=False, SQLALCHEMY_ENGINE_OPTIONS=options)
    with app.app_context():
        jobs.init_db()
        jobs.runtime.database.check()
        with jobs.runtime.database.read() as conn:
            assert conn.scalar(text("SELECT count(*) FROM tenant.simmer_jobs")) == 0
    assert run_one(jobs, app).state == "succeeded"


def test_two_databases_beside_one_host_are_no_trouble(tmp_path: Path) -> None:
    """Each connects by itself: the listeners of one leave those of the other alone."""
    host = create_engine(f"sqlite:///{tmp_path}/two.db")
    both = [Database.beside(host, None, threads=1, synchronous="FULL") for _ in range(2)]
    for database in both:
        database.create_tables()
        database.check()
        database.close()
    with Session(host) as session:
        assert session.scalar(text("SELECT count(*) FROM simmer_jobs")) == 0
    host.dispose()


def test_postgresql_sets_nothing_for_a_session() -> None:
    """PgBouncer refuses `options` among the startup parameters, and pg8000 knows none of libpq's."""
    args = {driver: PostgreSQL().connect_args(driver) for driver in PostgreSQL.drivers}
    assert not any("options" in each for each in args.values())
    assert set(args["pg8000"]) == {"timeout"}
