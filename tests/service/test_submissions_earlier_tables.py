"""Submissions on tables of an earlier version are refused, from wherever they come, until they are mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, text

from app.jobs import Simmer, TablesMissing
from tests.database.earlier_tables import make_earlier_tables
from tests.support import eventually, job_is


def add(a: int) -> int:
    """Do next to nothing."""
    return a


def host(make_app: Callable[..., Flask], url: URL, **config: Any) -> tuple[Simmer, Flask]:
    """An app over the tables of an earlier version."""
    make_earlier_tables(url)
    jobs = Simmer()
    jobs.schedule("interval", hours=1, id="coded", args={"a": 1})(jobs.task("add")(add))
    return jobs, make_app(jobs, url, tables=False, **config)


@pytest.mark.parametrize("role", ["web", "all"])
def test_no_submission_is_acknowledged(make_app: Callable[..., Flask], url: URL, role: str) -> None:
    """Python, a session of the caller's and HTTP say what is missing and what to do; then all is well."""
    jobs, app = host(make_app, url, JOBS_ROLE=role)
    client, body = app.test_client(), {"task": "add", "args": {"a": 1}}
    with app.app_context():
        jobs.start()
        session = app.extensions["sqlalchemy"].session
        for words in ({}, {"session": session}):
            with pytest.raises(TablesMissing, match=r"simmer_workers\.tasks.*flask jobs init-db"):
                jobs.submit("add", {"a": 1}, **words)
        session.rollback()
        refused = client.post("/api/v1/jobs", json=body)
        assert refused.status_code == 503
        assert "simmer_workers.tasks" in refused.get_json()["detail"]
        ready = client.get("/api/v1/health/ready")
        assert ready.status_code == 503
        assert "simmer_workers.tasks" in ready.get_json()["checks"]["database"]["detail"]
        jobs.init_db()
        job_id = client.post("/api/v1/jobs", json=body).get_json()["id"]
        if role == "all":
            eventually(job_is(jobs, job_id, "succeeded"))
            eventually(lambda: client.get("/api/v1/health/ready").status_code == 200)


def test_a_column_that_goes_while_it_runs(make_app: Callable[..., Flask], url: URL) -> None:
    """As with a restored backup of an earlier version: refused after the first error, until it is mended."""
    jobs = Simmer()
    jobs.task("add")(add)
    app = make_app(jobs, url, JOBS_ROLE="web")
    with app.app_context():
        jobs.submit("add", {"a": 1})
        with jobs.runtime.database.write() as conn:
            conn.execute(text("ALTER TABLE simmer_jobs DROP COLUMN tags"))
        for _ in range(2):
            answer = app.test_client().post("/api/v1/jobs", json={"task": "add", "args": {"a": 1}})
            assert answer.status_code == 503
        assert "simmer_jobs.tags" in answer.get_json()["detail"]
        jobs.init_db()
        assert jobs.submit("add", {"a": 1}).state == "queued"


def test_the_command_mends_and_says_what_it_would_do(make_app: Callable[..., Flask], url: URL) -> None:
    """`init-db --sql` prints what is missing and changes nothing; `init-db` adds it, and may be repeated."""
    _, app = host(make_app, url)
    console = app.test_cli_runner()
    for _ in range(2):
        said = console.invoke(args=["jobs", "init-db", "--sql"])
        assert "ALTER TABLE simmer_workers ADD COLUMN tasks TEXT;" in said.stdout.splitlines()
    for _ in range(2):
        assert console.invoke(args=["jobs", "init-db"]).exit_code == 0
    said = console.invoke(args=["jobs", "init-db", "--sql"])
    assert (said.stdout, said.stderr) == ("", "Nothing is missing.\n")


def test_a_database_of_our_own_mends_itself(tmp_path: Any) -> None:
    """In the instance folder nobody else runs migrations: the start of the app does."""
    make_earlier_tables(f"sqlite:///{tmp_path}/simmer.db")
    app = Flask("host", instance_path=str(tmp_path))
    jobs = Simmer(app)
    jobs.task("add")(add)
    with app.app_context():
        assert jobs.submit("add", {"a": 1}).state == "queued"
        jobs.runtime.database.close()
