"""Schedules that code declares: they follow the code, and keep what an operator said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, make_url, select
from sqlalchemy.exc import OperationalError

from app.jobs import ScheduleNotFound, Simmer, TablesMissing
from app.jobs.cli.schedules import schedules
from app.jobs.database.tables import SCHEDULES
from tests.support import eventually, job_is

Deploy = Callable[..., Any]


@pytest.fixture
def deploy(make_app: Callable[..., Flask], tmp_path: Path) -> Deploy:
    """`with deploy(nightly={"hours": 1}) as jobs`: another process of a host whose code declares these."""
    url = make_url(f"sqlite:///{tmp_path}/shared.db")

    @contextmanager
    def deployed(app: str = "host", **declared: dict[str, Any]) -> Iterator[Simmer]:
        jobs = Simmer()
        task = jobs.task("refresh")(_refresh)
        for slug, words in declared.items():
            jobs.schedule("interval", id=slug, **words)(task)
        with make_app(jobs, url=url, JOBS_ENGINE="manual", JOBS_APP=app).app_context():
            jobs.testing.advance(0)
            yield jobs

    return deployed


def _refresh(value: int = 0) -> None: ...


def rows(jobs: Simmer) -> dict[str, Any]:
    """The schedules that are stored, retired ones too, by id."""
    with jobs.runtime.database.read() as conn:
        return {row.id: row for row in conn.execute(select(SCHEDULES))}


def test_it_follows_the_code_and_keeps_being_paused(deploy: Deploy) -> None:
    """Trigger, arguments and policies are the code's; the pause, the anchor and the history stay."""
    with deploy(s={"hours": 1}) as jobs:
        jobs.testing.advance(3600)
        jobs.pause_schedule("s")
        before = rows(jobs)["s"]
    with deploy(s={"hours": 2, "args": {"value": 5}, "misfire": "skip", "jitter": 3}) as jobs:
        found = jobs.get_schedule("s")
        assert (found.paused, found.next_fire_at, found.declared_by) == (True, None, "host")
        assert (found.trigger, found.args) == ({"type": "interval", "hours": 2}, {"value": 5})
        assert (found.misfire, found.jitter) == ("skip", 3)
        assert (rows(jobs)["s"].anchor, found.created_at) == (before.anchor, before.created_at)
        assert len(jobs.runtime.schedules.history("s")) == 1
        jobs.resume_schedule("s")
    with deploy(s={"hours": 3}) as jobs:
        assert jobs.get_schedule("s").paused is False


def test_a_restart_of_the_same_code_writes_nothing(deploy: Deploy) -> None:
    """Not even `updated_at`, and the fire times stay where they were."""
    with deploy(s={"minutes": 5, "misfire_grace": 60}) as jobs:
        before = rows(jobs)
    with deploy(s={"minutes": 5, "misfire_grace": 60}) as jobs:
        assert rows(jobs) == before


def test_what_the_code_drops_is_retired_and_comes_back(deploy: Deploy) -> None:
    """It is shown no more and fires no more; declared again it has its history and its pause."""
    with deploy(kept={"hours": 1}, dropped={"hours": 1}) as jobs:
        jobs.testing.advance(3600)
        jobs.pause_schedule("dropped")
    with deploy(kept={"hours": 1}) as jobs:
        assert [each.id for each in jobs.runtime.schedules.all()] == ["kept"]
        for act in (jobs.get_schedule, jobs.run_schedule, jobs.resume_schedule, jobs.remove_schedule):
            with pytest.raises(ScheduleNotFound):
                act("dropped")
        assert rows(jobs)["dropped"].retired
        jobs.testing.advance(3600)
        assert len([job for job in jobs.testing.submitted() if job.schedule_id == "dropped"]) == 1
    with deploy(kept={"hours": 1}, dropped={"hours": 1}) as jobs:
        assert jobs.get_schedule("dropped").paused is True
        assert [row["decision"] for row in jobs.runtime.schedules.history("dropped")] == ["fired"]


def test_only_schedules_of_the_same_app_are_retired(deploy: Deploy) -> None:
    """Another app on the same database, and what was made at run time, are left alone."""
    with deploy("shop", nightly={"hours": 1}) as jobs:
        jobs.add_schedule(id="by-hand", task="refresh", trigger={"type": "interval", "hours": 1})
    with deploy("blog", weekly={"weeks": 1}) as jobs:
        assert [each.id for each in jobs.runtime.schedules.all()] == ["by-hand", "nightly", "weekly"]
    with deploy("shop") as jobs:
        assert [each.id for each in jobs.runtime.schedules.all()] == ["by-hand", "weekly"]


def test_an_id_belongs_to_the_app_that_declared_it_first(
    deploy: Deploy, caplog: pytest.LogCaptureFixture
) -> None:
    """The other one is named in the log, and changes nothing."""
    with deploy("shop", nightly={"hours": 1}) as jobs:
        before = rows(jobs)
    with deploy("blog", nightly={"hours": 2}) as jobs:
        assert rows(jobs) == before
    assert "'nightly' is not declared: its id is taken (shop)" in caplog.text


def test_an_id_of_one_that_was_dropped_can_be_made_at_run_time(deploy: Deploy) -> None:
    """From then on it is no longer the code's."""
    with deploy(s={"hours": 1}):
        pass
    with deploy() as jobs:
        made = jobs.add_schedule(id="s", task="refresh", trigger={"type": "interval", "hours": 3})
        assert (made.declared_by, made.trigger["hours"]) == (None, 3)
        jobs.remove_schedule("s")


def thread_app(make_app: Callable[..., Flask], role: str, **options: Any) -> tuple[Simmer, Flask]:
    """A host with a declared schedule, that runs jobs in threads where its role says so."""
    jobs = Simmer()
    jobs.schedule("interval", hours=1, id="coded")(jobs.task("coded")(_refresh))
    return jobs, make_app(jobs, JOBS_ROLE=role, **options)


@pytest.mark.parametrize("role", ["web", "all"])
def test_no_command_writes_declarations(make_app: Callable[..., Flask], role: str) -> None:
    """Whatever it does: an operator's shell may have another version of the code."""
    jobs, app = thread_app(make_app, role)
    console = app.test_cli_runner()
    for words in (["init-db"], ["tasks"], ["list"], ["stats"], ["submit", "coded"], ["schedules"]):
        assert console.invoke(args=["jobs", *words]).exit_code == 0
    for verb in set(schedules.commands) - {"list", "add"}:
        assert console.invoke(args=["jobs", "schedules", verb, "coded"]).exit_code == 3
    with app.app_context():
        assert rows(jobs) == {}


def test_no_web_process_writes_declarations(make_app: Callable[..., Flask]) -> None:
    """It serves HTTP, is told to start, and leaves them to a worker."""
    jobs, app = thread_app(make_app, "web")
    with app.app_context():
        jobs.start()
        assert app.test_client().get("/api/v1/schedules").get_json() == {"items": []}
        assert rows(jobs) == {}


@pytest.mark.parametrize("tables", [True, False])
def test_a_worker_writes_them_as_soon_as_it_can(make_app: Callable[..., Flask], tables: bool) -> None:
    """At its start, or once the tables are there."""
    jobs, app = thread_app(make_app, "worker", tables=tables)
    with app.app_context():
        jobs.start()
        if not tables:
            jobs.init_db()
        eventually(lambda: set(rows(jobs)) == {"coded"})


def is_dropped(database: SQLAlchemy) -> bool:
    """Drop all tables; False where that was the victim of a deadlock with the worker."""
    try:
        database.drop_all()
    except OperationalError:
        return False
    return True


def test_they_come_back_with_tables_that_were_made_anew(make_app: Callable[..., Flask], url: URL) -> None:
    """Within a second or two, as does the worker's row, whether anybody has missed the tables or not."""
    jobs, app = thread_app(make_app, "worker", url=url)
    with app.app_context():
        jobs.start()
        database = app.extensions["sqlalchemy"]
        for are_missed in (False, True):
            eventually(lambda: set(rows(jobs)) == {"coded"} and jobs.runtime.status.workers())
            (before,) = jobs.runtime.status.workers()
            eventually(lambda: is_dropped(database))
            if are_missed:
                with pytest.raises(TablesMissing):
                    jobs.submit("coded")
                assert app.test_client().get("/api/v1/health/ready").status_code == 503
            database.create_all()
            eventually(lambda: set(rows(jobs)) == {"coded"} and jobs.runtime.status.workers(), timeout=3)
            assert before not in jobs.runtime.status.workers()
            eventually(job_is(jobs, jobs.submit("coded").id, "succeeded"))
