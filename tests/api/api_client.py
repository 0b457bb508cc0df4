"""What the HTTP tests share: an app with a few tasks, and a client that speaks its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL
from werkzeug.test import TestResponse

from app.jobs import Cancel, Simmer

from ..support import sqlite_with_tables

API = "/api/v1"


@dataclass
class ApiClient:
    """An app with Flask-Simmer, used through its test client."""

    app: Flask
    jobs: Simmer
    client: FlaskClient

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET below the API's prefix."""
        return self.client.get(API + path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """POST `body` as JSON below the API's prefix; no body where it is None."""
        return self.client.post(API + path, **({} if body is None else {"json": body}), **options)

    def submit(self, task: str = "add", **body: Any) -> dict[str, Any]:
        """Submit a job and return it as the answer shows it."""
        response = self.post("/jobs", {"task": task, **body})
        assert response.status_code == 202, response.get_data(as_text=True)
        job: dict[str, Any] = response.get_json()
        return job

    def drain(self) -> None:
        """Run everything that is due, here."""
        with self.app.app_context():
            self.jobs.testing.drain()

    def count(self) -> int:
        """How many jobs there are."""
        total: int = self.get("/jobs?count=true&limit=1").get_json()["total"]["value"]
        return total


def add_tasks(jobs: Simmer) -> None:
    """The tasks that the tests submit."""

    @jobs.task
    def add(a: int = 1, b: int = 0) -> int:
        """Add two numbers.

        Slowly.
        """
        return a + b

    @jobs.task(queue="reports", tags=("monthly",), max_attempts=3, timeout=60, backoff=0)
    def report(month: str) -> dict[str, str]:
        return {"month": month, "api_key": "k-123"}

    @jobs.task
    def fail() -> None:
        raise ValueError("no luck")

    @jobs.task
    def give_up() -> Cancel:
        return Cancel("not today")

    @jobs.task
    def echo(value: Any = None, password: str = "") -> Any:
        return value

    @jobs.task
    def tick(value: int = 0, token: str = "") -> int:
        return value


@contextmanager
def api_client(
    folder: Path, prefix: str | None = API, url: URL | None = None, tables: bool = True, **config: Any
) -> Iterator[ApiClient]:
    """An app of its own, on SQLite in `folder`; jobs run when `drain` is called, unless told otherwise."""
    app = Flask("host", instance_path=str(folder))
    app.config.update(
        TESTING=True, JOBS_ENGINE="manual", JOBS_API_PREFIX=prefix, JOBS_SQLITE_SYNCHRONOUS="NORMAL"
    )
    app.config.update({f"JOBS_{name.upper()}": value for name, value in config.items()})
    if tables and url is None:
        (folder / "simmer.db").write_bytes(sqlite_with_tables())
    jobs = Simmer()
    add_tasks(jobs)
    jobs.init_app(app, _host_db(app, url) if url else None)
    if tables:
        with app.app_context():
            jobs.init_db()
            trigger = {"type": "interval", "hours": 1}
            jobs.add_schedule(id="hourly", task="tick", trigger=trigger, args={"value": 1, "token": "t-1"})
    try:
        yield ApiClient(app, jobs, app.test_client())
    finally:
        with app.app_context():
            jobs.stop(timeout=5)
            jobs.runtime.database.close()
            if url is not None:
                app.extensions["sqlalchemy"].engine.dispose()


def _host_db(app: Flask, url: URL) -> SQLAlchemy:
    app.config["SQLALCHEMY_DATABASE_URI"] = url.render_as_string(hide_password=False)
    return SQLAlchemy(app)


def is_problem(response: TestResponse, status: int, slug: str) -> dict[str, Any]:
    """Check that `response` is a problem document of that kind and return it."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    document: dict[str, Any] = response.get_json()
    assert (
        {"type", "title", "status", "detail"}
        <= set(document)
        <= {"type", "title", "status", "detail", "errors"}
    )
    assert document["status"] == status
    assert document["type"].endswith(f":{slug}")
    assert document["title"]
    return document


def pointers(document: dict[str, Any]) -> set[str]:
    """The places that a problem document names."""
    return {error["pointer"] for error in document["errors"]}
