"""Tasks, schedules, numbers, workers and health."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event

from app.jobs.ticker.scheduler import Scheduler
from app.jobs.worker.fetcher import Fetcher

from ..support import eventually
from .api_client import API, api_client, is_problem


def test_tasks_are_listed_with_their_schema(tmp_path: Path) -> None:
    """Every registered task is listed by name with what it takes and its defaults."""
    with api_client(tmp_path) as here:
        here.submit()
        tasks = {task["name"]: task for task in here.get("/tasks").get_json()["items"]}
        assert list(tasks) == sorted(tasks)
        assert {"add", "echo", "fail", "give_up", "report", "tick"} <= set(tasks)
        keys = ["name", "description", "args_schema", "queue", "max_attempts", "timeout"]
        keys += ["paused", "concurrency", "rate", "changes", "counts"]
        assert all(list(task) == keys for task in tasks.values())
        report = tasks["report"]
        assert (report["queue"], report["max_attempts"], report["timeout"]) == ("reports", 3, 60)
        assert report["args_schema"]["properties"]["month"]["type"] == "string"
        assert report["args_schema"]["required"] == ["month"]
        assert tasks["add"]["description"] == "Add two numbers."
        assert here.get("/tasks/add").get_json() == tasks["add"]


@pytest.mark.parametrize("name", ["nobody", "%00", "a" * 5_000, "%ff", "add%20", "../jobs"])
def test_an_unknown_task_is_404(tmp_path: Path, name: str) -> None:
    """A name that no task has is a 404 problem."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/tasks/{name}"), 404, "not-found")


def test_schedules_are_shown(tmp_path: Path) -> None:
    """A schedule shows its task, its trigger and its arguments without secrets."""
    with api_client(tmp_path) as here:
        (schedule,) = here.get("/schedules").get_json()["items"]
        assert (schedule["id"], schedule["task"], schedule["paused"]) == ("hourly", "tick", False)
        assert schedule["trigger"]["type"] == "interval"
        assert schedule["args"] == {"value": 1, "token": "[redacted]"}
        assert here.get("/schedules/hourly").get_json() == schedule


def test_a_schedule_is_paused_resumed_and_run(tmp_path: Path) -> None:
    """Pause and resume answer with the schedule, run with 202 and the job it made, also while paused."""
    with api_client(tmp_path) as here:
        for _ in range(2):
            response = here.post("/schedules/hourly/pause")
            assert (response.status_code, response.get_json()["paused"]) == (200, True)
        run = here.post("/schedules/hourly/run")
        assert run.status_code == 202
        assert run.headers["Location"] == f"{API}/jobs/{run.get_json()['id']}"
        assert run.get_json()["schedule_id"] == "hourly"
        assert here.get("/schedules/hourly").get_json()["paused"] is True
        response = here.post("/schedules/hourly/resume")
        assert (response.status_code, response.get_json()["paused"]) == (200, False)
        here.drain()
        assert here.get(f"/jobs/{run.get_json()['id']}").get_json()["result"] == 1


@pytest.mark.parametrize("id", ["nobody", "%00", "a" * 65, "a b", "%ff", "a%2Fb"])
def test_an_unknown_schedule_is_404(tmp_path: Path, id: str) -> None:
    """An id that no schedule has is 404 on every route."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/schedules/{id}"), 404, "not-found")
        for action in ("pause", "resume", "run"):
            is_problem(here.post(f"/schedules/{id}/{action}"), 404, "not-found")


def test_stats_count_by_state(tmp_path: Path) -> None:
    """The numbers by state are capped counts, every state present."""
    with api_client(tmp_path) as here:
        here.submit()
        here.submit(delay=60)
        states = here.get("/stats").get_json()["states"]
        assert states["queued"] == {"value": 1, "capped": False}
        assert states["scheduled"]["value"] == 1
        assert states["failed"]["value"] == 0


def test_workers_are_listed(tmp_path: Path) -> None:
    """A process that runs jobs is listed with its heartbeat."""
    with api_client(tmp_path, engine="thread") as here:
        assert here.get("/workers").get_json() == {"items": []}
        with here.app.app_context():
            here.jobs.start()
        (worker,) = eventually(lambda: here.get("/workers").get_json()["items"])
        assert worker["threads"] == 8
        assert worker["heartbeat_at"].endswith("Z")


def test_live_is_open_and_asks_nothing(tmp_path: Path) -> None:
    """`health/live` answers anybody, from anywhere."""
    with api_client(tmp_path, api_tokens={"token-one": ["read"]}) as here:
        response = here.get("/health/live", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
        assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_ready_shows_its_checks_to_those_who_may_read(tmp_path: Path) -> None:
    """`health/ready` gives the status to everybody and the checks to those with a token."""
    with api_client(tmp_path, engine="thread", api_tokens={"token-one": ["read"]}) as here:
        with here.app.app_context():
            here.jobs.start()
        eventually(lambda: here.get("/health/ready").status_code == 200)
        outside = here.get("/health/ready")
        assert outside.status_code == 200
        assert outside.get_json() == {"status": "ok"}
        inside = here.get("/health/ready", headers={"Authorization": "Bearer token-one"})
        assert set(inside.get_json()) == {"status", "checks"}
        assert here.get("/health/ready", headers={"Authorization": "Bearer wrong"}).get_json() == {
            "status": "ok"
        }


def test_ready_is_503_while_draining(tmp_path: Path) -> None:
    """A draining process says that it wants no more work."""
    with api_client(tmp_path) as here:
        here.app.extensions["simmer"].drain(0, lambda: True)
        response = here.get("/health/ready")
        assert (response.status_code, response.get_json()["status"]) == (503, "fail")
        assert int(response.headers["Retry-After"]) >= 1


def test_ready_survives_a_failing_auth(tmp_path: Path) -> None:
    """A JOBS_AUTH that raises makes the caller one without rights; monitoring goes on."""

    def auth(request: object, right: str) -> bool:
        raise RuntimeError("the user database is down")

    with api_client(tmp_path, auth=auth) as here:
        assert set(here.get("/health/ready").get_json()) == {"status"}


@pytest.mark.parametrize(
    ("name", "part", "owner", "method"),
    [("worker", "dispatcher", Fetcher, "poll"), ("ticker", "scheduler", Scheduler, "seconds_until_due")],
)
def test_ready_is_503_while_a_thread_of_ours_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, part: str, owner: type, method: str
) -> None:
    """What raises at every turn is named with its last error; `ready` is 200 again when it works."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no luck")

    with api_client(tmp_path, engine="thread") as here:
        with here.app.app_context():
            here.jobs.start()
        eventually(lambda: here.get("/health/ready").status_code == 200)
        with monkeypatch.context() as patch:
            patch.setattr(owner, method, fail)
            eventually(lambda: here.get("/health/ready").status_code == 503)
            checks = here.get("/health/ready").get_json()["checks"]
            assert checks[name] == {"ok": False, "detail": f"the {part} fails: RuntimeError: no luck"}
        eventually(lambda: here.get("/health/ready").status_code == 200)


def test_ready_is_503_after_a_write_that_the_disk_had_no_room_for(tmp_path: Path) -> None:
    """The 503 of the POST and `ready` name what the database said; it is 200 again by itself."""

    def fill(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    with api_client(tmp_path) as here:
        database = here.app.extensions["simmer"].database
        assert here.get("/health/ready").status_code == 200
        event.listen(database.engine, "connect", fill)
        database.transactions.close()
        response = here.post("/jobs", {"task": "echo", "args": {"value": "x" * 50_000}})
        detail = is_problem(response, 503, "unavailable")["detail"]
        assert detail == "The database said: database or disk is full. Try again."
        ready = here.get("/health/ready")
        assert (ready.status_code, ready.get_json()["checks"]["database"]["detail"]) == (
            503,
            "writes fail: database or disk is full",
        )
        event.remove(database.engine, "connect", fill)
        database.transactions.close()
        eventually(lambda: here.get("/health/ready").status_code == 200)


def test_a_web_process_without_workers_is_ready_with_a_warning(tmp_path: Path) -> None:
    """It stores jobs, so it serves; that nobody runs them is said beside the checks, and by the job."""
    with api_client(tmp_path, engine="thread", role="web") as here:
        response = here.get("/health/ready")
        assert response.status_code == 200
        assert response.get_json()["warnings"] == {"workers": "no worker is alive: jobs are stored, and wait"}
        job = here.submit()
        assert here.get(f"/jobs/{job['id']}").get_json()["waiting_reason"] == "no worker is alive"
        assert here.get("/jobs").get_json()["items"][0]["waiting_reason"] == "no worker is alive"


def test_a_worker_of_another_app_is_none_for_an_app_with_a_name(tmp_path: Path) -> None:
    """An app whose jobs are kept apart is warned of them, though somebody else's worker is alive."""
    with api_client(tmp_path, engine="thread", app="theirs") as there:
        with there.app.app_context():
            there.jobs.start()
        with api_client(tmp_path, engine="thread", role="web", app="ours", tables=False) as here:
            eventually(lambda: here.get("/workers").get_json()["items"])
            assert here.get("/health/ready").get_json()["warnings"] == {
                "workers": "no worker of the app 'ours' is alive: jobs are stored, and wait"
            }


def test_a_process_that_fires_no_schedule_says_so(tmp_path: Path) -> None:
    """Its schedules become overdue: whoever looks finds why."""
    with api_client(tmp_path, schedules=False) as here:
        assert here.get("/health/ready").get_json()["warnings"] == {
            "schedules": "JOBS_SCHEDULES is off: none fires here"
        }
