"""`POST /jobs`: what it accepts, what it answers, what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from app.jobs.ids import is_id

from .api_client import API, api_client, is_problem

KEYS = [
    "id",
    "task",
    "queue",
    "state",
    "priority",
    "args",
    "tags",
    "progress",
    "attempt",
    "max_attempts",
    "result",
    "error",
    "created_at",
    "run_at",
    "started_at",
    "finished_at",
    "cancel_requested_at",
    "expires_at",
    "queued_seconds",
    "run_seconds",
    "schedule_id",
    "fire_time",
    "batch_id",
    "depends_on",
    "on_dependency",
    "unique_key",
    "worker",
    "engine",
    "version",
    "waiting_reason",
    "meta",
    "links",
]


def test_the_answer_is_202_with_the_job_and_where_to_poll_it(tmp_path: Path) -> None:
    """A submission answers 202 with Location, Retry-After, an ETag and every key of the job in order."""
    with api_client(tmp_path) as here:
        response = here.post("/jobs", {"task": "add", "args": {"a": 2, "b": 3}})
        job = response.get_json()
        assert response.status_code == 202
        assert response.mimetype == "application/json"
        assert response.headers["Location"] == f"{API}/jobs/{job['id']}"
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["ETag"] == f'W/"{job["version"]}"'
        assert list(job) == KEYS
        assert is_id(job["id"])
        assert (job["state"], job["task"], job["queue"], job["args"]) == (
            "queued",
            "add",
            "default",
            {"a": 2, "b": 3},
        )
        assert (job["attempt"], job["max_attempts"], job["priority"], job["tags"]) == (0, 1, 0, [])
        nothing = dict.fromkeys(("total", "percent", "eta", "data"))
        assert job["progress"] == {"current": 0, "message": "", **nothing}
        assert job["depends_on"] == []
        assert here.get(f"/jobs/{job['id']}").get_json() == job


def test_times_are_utc_and_end_in_z(tmp_path: Path) -> None:
    """Every time in a job can be read back as an aware UTC time close to now."""
    with api_client(tmp_path) as here:
        job = here.submit()
        assert job["created_at"].endswith("Z")
        assert abs(datetime.fromisoformat(job["created_at"]) - datetime.now(UTC)) < timedelta(seconds=30)


def test_a_task_without_arguments_needs_none(tmp_path: Path) -> None:
    """`args` may be left out: it is then an empty object."""
    with api_client(tmp_path) as here:
        assert here.submit("fail")["args"] == {}


def test_options_are_stored(tmp_path: Path) -> None:
    """Queue, priority, tags, attempts and delay are those of the body."""
    with api_client(tmp_path) as here:
        options: dict[str, Any] = {
            "queue": "reports",
            "priority": -5,
            "tags": ["a", "b"],
            "max_attempts": 4,
            "delay": 60,
        }
        job = here.submit(**options)
        assert {key: job[key] for key in ("queue", "priority", "tags", "max_attempts")} == {
            key: options[key] for key in ("queue", "priority", "tags", "max_attempts")
        }
        assert job["state"] == "scheduled"
        run_at, created_at = (datetime.fromisoformat(job[key]) for key in ("run_at", "created_at"))
        assert run_at - created_at == timedelta(seconds=60)


def test_run_at_is_read_in_any_offset(tmp_path: Path) -> None:
    """A `run_at` with an offset is the same moment in UTC."""
    with api_client(tmp_path) as here:
        later = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
        given = f"{(later + timedelta(hours=2)):%Y-%m-%dT%H:%M:%S}+02:00"
        assert datetime.fromisoformat(here.submit(run_at=given)["run_at"]) == later


def test_options_that_are_null_are_the_tasks_own(tmp_path: Path) -> None:
    """A null option counts as not given."""
    with api_client(tmp_path) as here:
        body = dict.fromkeys(("queue", "priority", "run_at", "delay", "timeout", "max_attempts", "tags"))
        job = here.submit("report", args={"month": "2026-11"}, **body)
        assert (job["queue"], job["max_attempts"], job["tags"]) == ("reports", 3, ["monthly"])


def test_three_point_zero_is_three(tmp_path: Path) -> None:
    """A whole number may be written with a fraction of zero, as in JSON Schema."""
    with api_client(tmp_path) as here:
        job = here.submit(args={"a": 3.0}, priority=7.0)
        assert (job["priority"], type(job["priority"])) == (7, int)


def test_secrets_are_hidden_and_the_task_sees_them(tmp_path: Path) -> None:
    """Secret arguments and results are redacted in every answer."""
    with api_client(tmp_path) as here:
        args = {"value": {"apiToken": "t", "ok": 1}, "password": "hunter2"}
        job = here.submit("echo", args=args)
        hidden = {"value": {"apiToken": "[redacted]", "ok": 1}, "password": "[redacted]"}
        here.drain()
        assert job["args"] == hidden
        assert here.get(f"/jobs/{job['id']}").get_json()["result"] == hidden["value"]
        assert here.get(f"/jobs/{job['id']}/result").get_json() == hidden["value"]
        assert here.get("/jobs").get_json()["items"][0]["args"] == hidden
        with here.app.app_context():
            assert here.jobs.get(job["id"]).result == {"apiToken": "t", "ok": 1}


def test_the_words_that_are_secret_can_be_chosen(tmp_path: Path) -> None:
    """JOBS_REDACT replaces the list."""
    with api_client(tmp_path, redact=("value",)) as here:
        assert here.submit("echo", args={"value": 1, "password": "p"})["args"] == {
            "value": "[redacted]",
            "password": "p",
        }


def test_a_full_backlog_is_503_with_retry_after(tmp_path: Path) -> None:
    """Over JOBS_MAX_QUEUED a submission is refused for now."""
    with api_client(tmp_path, max_queued=2) as here:
        here.submit()
        here.submit()
        response = here.post("/jobs", {"task": "add"})
        is_problem(response, 503, "queue-full")
        assert int(response.headers["Retry-After"]) > 0


def test_inline_the_job_is_over_before_the_answer(tmp_path: Path) -> None:
    """With the inline engine a submission is still 202, and shows the job as it ended."""
    with api_client(tmp_path, engine="inline") as here:
        job = here.submit(args={"a": 2, "b": 2})
        assert (job["state"], job["result"], "retry" in job["links"]) == ("succeeded", 4, True)
        failed = here.submit("fail")
        assert (failed["state"], failed["error"]["type"]) == ("failed", "ValueError")


def test_without_tables_it_is_503(tmp_path: Path) -> None:
    """Before the tables exist everything that needs them is 503 with Retry-After, and says what to do."""
    url = make_url(f"sqlite:///{tmp_path}/empty.db")
    with api_client(tmp_path, url=url, tables=False) as here:
        for response in (here.post("/jobs", {"task": "add"}), here.get("/jobs"), here.get("/stats")):
            assert "init-db" in is_problem(response, 503, "unavailable")["detail"]
            assert int(response.headers["Retry-After"]) >= 1
        assert here.get("/health/live").status_code == 200
        assert here.get("/health/ready").status_code == 503
