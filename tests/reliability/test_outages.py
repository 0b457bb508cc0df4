"""Whatever is the matter with the database, every way into the package says that it is unavailable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import ConfigError, DatabaseUnavailable, Simmer
from app.jobs.api import ROUTES
from app.jobs.cli.group import MODULES
from app.jobs.database import batching, postgresql_transactions, sqlite
from app.jobs.database.database import Database

from .outages import a_broken_disk, a_directory, a_picture, locked_tables, nobody_there

MakeApp = Callable[..., Flask]
ID = "01a21a1c-0000-7000-8000-000000000000"
SCHEDULE = {"task": "add", "trigger": {"type": "interval", "hours": 1}}
BODIES: dict[str, Any] = {
    "/jobs": {"task": "add"},
    "/jobs/batch": {"jobs": [{"task": "add"}]},
    "/jobs/<id>": {"priority": 1},
    "/jobs/actions": {"action": "cancel", "filter": {"task": "add"}},
    "/tasks/<name>": {"paused": True},
    "/queues/<name>": {"concurrency": 1},
    "/schedules": {"id": "s", **SCHEDULE},
    "/schedules/preview": {"trigger": SCHEDULE["trigger"]},
    "/schedules/<id>": SCHEDULE,
}
ASKS_NOTHING = ("/health/live", "/schedules/preview", "/progress.js", "/openapi.json", "/docs")
COMMANDS = {
    "list": "", "show": ID, "why": ID, "prune": "", "workers": "", "stats": "", "cancel": ID, "retry": ID,
    "delete": ID,
    "edit": f"{ID} --priority 1", "submit": "add", "wait": ID, "logs": ID, "files": ID, "top": "",
    "watch": ID, "batches show": ID, "batches cancel": ID, "batches retry": ID,
    "tasks list": "", "tasks pause": "add", "tasks resume": "add", "tasks limit": "add --concurrency 1",
    "queues list": "", "queues pause": "default", "queues resume": "default", "queues limit": "default 1",
    "schedules list": "", "schedules show": "s", "schedules history": "s",
    "schedules add": "add interval hours=1", "schedules pause": "s", "schedules resume": "s",
    "schedules skip": "s", "schedules run": "s", "schedules remove": "s", "schedules preview": "s",
}  # fmt: skip


def add(a: int = 1) -> int:
    """A task."""
    return a


@pytest.fixture(params=[a_directory, a_picture, a_broken_disk, nobody_there, "locked_tables[postgresql]"])
def broken(
    request: pytest.FixtureRequest, tmp_path: Path, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Flask, Simmer]]:
    """An app whose database cannot be used."""
    jobs = Simmer()
    jobs.task(add)
    if callable(request.param):
        outage = request.param(tmp_path)
    else:
        kept: Database = request.getfixturevalue("postgres_with_tables")
        kept.create_tables()
        outage = locked_tables(kept.engine.url)
    for module in (batching, postgresql_transactions, sqlite):
        monkeypatch.setattr(module, "LOCK_WAIT", 0.02)
    with outage as url:
        app = make_app(jobs, url, tables=False, JOBS_ENGINE="manual")
        with app.app_context():
            yield app, jobs
            jobs.runtime.database.close()


def test_every_route_is_503(broken: tuple[Flask, Simmer]) -> None:
    """As a problem document that says when to try again, within five seconds."""
    client, answers = broken[0].test_client(), {}
    for route in ROUTES:
        path = "/api/v1" + route.path.replace("<id>", ID).replace("<name>", "add")
        begun = time.monotonic()
        answer = client.open(path, method=route.method, json=BODIES.get(route.path))
        assert time.monotonic() - begun < 5
        answers[route.method, route.path] = answer.status_code
        if answer.status_code == 503 and route.path != "/health/ready":
            assert answer.headers["Retry-After"]
            assert json.loads(answer.data)["type"] == "urn:flask-simmer:problem:unavailable"
            assert b"secret" not in answer.data
    wrong = {at: status for at, status in answers.items() if status != 503 and at[1] not in ASKS_NOTHING}
    assert wrong == {}


def test_every_function_raises_one_error(broken: tuple[Flask, Simmer]) -> None:
    """DatabaseUnavailable: from every method of a Simmer, its tasks and its tests' helpers."""
    app, jobs = broken
    session, task = app.extensions["sqlalchemy"].session, jobs.task(add)
    calls: dict[str, Callable[[], Any]] = {
        "submit": lambda: jobs.submit("add"),
        "submit in a session": lambda: jobs.submit("add", session=session),
        "task.submit": task.submit,
        "task.submit_many": lambda: task.submit_many([{"a": 1}]),
        "get": lambda: jobs.get(ID),
        "wait": lambda: jobs.wait(ID, 1),
        "list": jobs.list,
        "cancel": lambda: jobs.cancel(ID),
        "retry": lambda: jobs.retry(ID),
        "delete": lambda: jobs.delete(ID),
        "update": lambda: jobs.update(ID, priority=1),
        "cancel_many": lambda: jobs.cancel_many([ID]),
        "retry_many": lambda: jobs.retry_many(task="add"),
        "delete_many": lambda: jobs.delete_many(state="failed", dry_run=True),
        "logs": lambda: jobs.logs(ID),
        "steps": lambda: jobs.steps(ID),
        "files": lambda: jobs.files(ID),
        "open_file": lambda: jobs.open_file(ID, "a"),
        "chain": lambda: jobs.chain(task.s(), task.s(into=None)).submit(),
        "batch": lambda: jobs.batch([task.s()], on_done=task.s(into=None)).submit(),
        "get_batch": lambda: jobs.get_batch(ID),
        "cancel_batch": lambda: jobs.cancel_batch(ID),
        "retry_batch": lambda: jobs.retry_batch(ID),
        "list_queues": jobs.list_queues,
        "pause_queue": lambda: jobs.pause_queue("default"),
        "resume_queue": lambda: jobs.resume_queue("default"),
        "update_queue": lambda: jobs.update_queue("default", concurrency=1),
        "pause_task": lambda: jobs.pause_task("add"),
        "resume_task": lambda: jobs.resume_task("add"),
        "update_task": lambda: jobs.update_task("add", concurrency=1),
        "add_schedule": lambda: jobs.add_schedule(task="add", trigger="interval", hours=1, id="s"),
        "replace": lambda: jobs.add_schedule(task="add", trigger="interval", hours=1, id="s", replace=True),
        "get_schedule": lambda: jobs.get_schedule("s"),
        "pause_schedule": lambda: jobs.pause_schedule("s"),
        "resume_schedule": lambda: jobs.resume_schedule("s"),
        "run_schedule": lambda: jobs.run_schedule("s"),
        "remove_schedule": lambda: jobs.remove_schedule("s"),
        "testing.submitted": jobs.testing.submitted,
        "testing.drain": jobs.testing.drain,
    }
    for name, call in calls.items():
        with pytest.raises(DatabaseUnavailable):
            pytest.fail(f"{name} returned {call()!r}")
        session.rollback()


@pytest.mark.parametrize("outage", [a_directory, a_picture, a_broken_disk, nobody_there])
def test_all_that_is_asked_of_a_database_at_the_start_raises_one_error(
    tmp_path: Path, outage: Callable[[Path], AbstractContextManager[URL]]
) -> None:
    """Whether there are tables, making them, and whether anything has changed."""
    with outage(tmp_path) as url, closing(Database.connect(url, threads=1, synchronous="FULL")) as database:
        with pytest.raises(DatabaseUnavailable):
            database.check()
        with pytest.raises(DatabaseUnavailable):
            database.create_tables()
        if outage in (a_directory, a_picture):
            with pytest.raises(DatabaseUnavailable):
                database.change_detector().has_changed()


def test_a_place_where_no_database_can_be_made_is_refused(tmp_path: Path) -> None:
    """By the app that would keep its jobs there, with the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"jobs cannot be kept in .*/file/simmer\.db: "):
        Simmer(Flask("host", instance_path=str(tmp_path / "file")))


def test_every_command_says_so(broken: tuple[Flask, Simmer]) -> None:
    """On one line of stderr, with exit code 1 and without a traceback."""
    runner = broken[0].test_cli_runner()
    assert set(MODULES) - {"worker", "init-db", "doctor", "openapi"} == {name.split()[0] for name in COMMANDS}
    for name, words in COMMANDS.items():
        result = runner.invoke(args=["jobs", *name.split(), *words.split()])
        assert (name, result.exit_code, result.stdout) == (name, 1, ""), result.stderr
        assert result.stderr.startswith("Error: "), result.stderr
