"""Engines of a host that jobs can live beside, and those that are refused, by the name of the option."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from app.jobs import ConfigError, NotReady

from .conftest import MakeHost, run_one

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
