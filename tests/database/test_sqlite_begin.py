"""A host that begins SQLite's transactions itself: by SQLAlchemy's recipe, or the driver's `autocommit`."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event, text

from app.jobs import OpenTransaction, Simmer
from app.jobs.database.sqlite_driver import begin_nothing, is_legacy

from ..conftest import AppFactory

Recipe = Callable[[Any], None]


@pytest.fixture
def recipe() -> Iterator[Recipe]:
    """SQLAlchemy's recipe on an engine, or on all of them; it ends with the test."""
    added: list[tuple[Any, str, Any]] = []

    def begin_nothing_by_itself(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.isolation_level = None

    def begin(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")

    def follow(engine: Any) -> None:
        for name, function in (("connect", begin_nothing_by_itself), ("begin", begin)):
            event.listen(engine, name, function)
            added.append((engine, name, function))

    yield follow
    for each in added:
        event.remove(*each)


def host(make_app: AppFactory, **config: Any) -> tuple[Flask, SQLAlchemy, Simmer]:
    """An app with a table of notes."""
    jobs, db = Simmer(), SQLAlchemy()
    jobs.task("add")(lambda a=1: a)
    app = make_app(jobs, db=db, **config)
    with app.app_context():
        db.session.execute(text("CREATE TABLE notes (text)"))
        db.session.commit()
    return app, db, jobs


@pytest.mark.parametrize("where", ["its engine", "all engines"])
def test_jobs_run_beside_the_recipe(make_app: AppFactory, recipe: Recipe, where: str) -> None:
    """By threads, in transactions of ours that are whole, and in the caller's."""
    if where == "all engines":
        recipe(Engine)
    app, db, jobs = host(make_app)
    with app.app_context():
        if where == "its engine":
            recipe(db.engine)
        jobs.start()
        assert jobs.wait(jobs.submit("add").id, 10).state == "succeeded"
        joined = jobs.submit("add", session=db.session)
        gone = db.session.begin_nested()
        jobs.submit("add", session=db.session)
        gone.rollback()
        db.session.commit()
        assert jobs.wait(joined.id, 10).state == "succeeded"
        assert len(jobs.list()) == 2
        database = jobs.runtime.database
        with database.write() as conn:
            conn.execute(text("INSERT INTO notes VALUES ('never')"))
            conn.rollback()
        with database.read() as conn:
            assert conn.scalar(text("SELECT count(*) FROM notes")) == 0


def test_a_session_that_has_only_read_is_no_hindrance(make_app: AppFactory, recipe: Recipe) -> None:
    """It has begun, which is not the write lock; with a write it has that, and submit() says so at once."""
    app, db, jobs = host(make_app)
    with app.app_context():
        recipe(db.engine)
        db.session.execute(text("SELECT * FROM notes")).all()
        assert jobs.submit("add").state == "queued"
        db.session.execute(text("SELECT * FROM notes")).all()
        assert jobs.submit("add").state == "queued"
        db.session.rollback()
        db.session.execute(text("INSERT INTO notes VALUES ('mine')"))
        with pytest.raises(OpenTransaction):
            jobs.submit("add")
        db.session.commit()
        assert len(jobs.list()) == 2


def test_who_is_waiting_for_the_same_session_makes_nobody_wait(make_app: AppFactory, recipe: Recipe) -> None:
    """The refusal comes at once while another thread of this process waits for that lock, too."""
    app, db, jobs = host(make_app)
    database = app.extensions["simmer"].database
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        with database.write() as conn:
            conn.execute(text("INSERT INTO notes VALUES ('theirs')"))
        done.set()

    with app.app_context():
        recipe(db.engine)
        db.session.execute(text("INSERT INTO notes VALUES ('mine')"))
        other = threading.Thread(target=write)
        other.start()
        assert begun.wait(5)
        with pytest.raises(OpenTransaction):
            jobs.submit("add")
        assert not done.is_set()
        db.session.commit()
    other.join(5)
    assert done.is_set()


def test_in_memory_the_recipe_is_no_hindrance(recipe: Recipe) -> None:
    """On all engines too: ours, which is nested in the host's only connection, begins by a savepoint."""
    recipe(Engine)
    app, db, jobs = Flask("host"), SQLAlchemy(), Simmer()
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", JOBS_ENGINE="inline")
    db.init_app(app)
    jobs.task("add")(lambda a=1: a)
    jobs.init_app(app, db)
    with app.app_context():
        db.create_all()
        assert jobs.submit("add").state == "succeeded"
        db.session.execute(text("CREATE TABLE notes (text)"))
        db.session.commit()
        db.session.execute(text("INSERT INTO notes VALUES ('mine')"))
        jobs.submit("add")
        db.session.rollback()
        assert db.session.scalar(text("SELECT count(*) FROM notes")) == 0
        db.session.remove()
        assert [job.state for job in jobs.list()] == ["succeeded"]
        db.engine.dispose()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the driver has `autocommit` since Python 3.12")
@pytest.mark.parametrize("autocommit", [False, True])
def test_jobs_run_beside_the_drivers_autocommit(make_app: AppFactory, autocommit: bool) -> None:
    """With False a transaction is always open, with True a commit does nothing: ours have neither."""
    app, db, jobs = host(make_app, SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"autocommit": autocommit}})
    with app.app_context():
        jobs.start()
        db.session.execute(text("SELECT * FROM notes")).all()
        assert jobs.wait(jobs.submit("add").id, 10).state == "succeeded"
        db.session.rollback()
        db.session.execute(text("INSERT INTO notes VALUES ('mine')"))
        if not autocommit:
            with pytest.raises(OpenTransaction):
                jobs.submit("add")
        db.session.commit()


def test_a_connection_that_has_begun_is_rolled_back() -> None:
    """Afterwards only what we execute begins a transaction on it."""
    with closing(sqlite3.connect(":memory:")) as driver:
        driver.execute("CREATE TABLE notes (text)")
        driver.execute("INSERT INTO notes VALUES ('begun')")
        begin_nothing(driver)
        assert is_legacy(driver)
        assert not driver.in_transaction
        driver.execute("INSERT INTO notes VALUES ('kept')")
        assert not driver.in_transaction
        assert driver.execute("SELECT text FROM notes").fetchall() == [("kept",)]
