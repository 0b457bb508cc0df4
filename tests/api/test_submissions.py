"""`POST /jobs`: what it accepts, what it answers, what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.jobs.ids import is_id

from .api_client import API, api_client, is_problem, pointers

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
    "unique_key",
    "worker",
    "engine",
    "version",
    "waiting_reason",
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
        assert job["progress"] == {"current": 0, "total": None, "percent": None, "message": "", "eta": None}
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


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"args": {}}, "#/task"),
    ({"task": 7}, "#/task"),
    ({"task": ""}, "#/task"),
    ({"task": "nobody"}, "#/task"),
    ({"task": "add", "args": []}, "#/args"),
    ({"task": "add", "args": None}, "#/args"),
    ({"task": "add", "args": {"a": "x"}}, "#/args/a"),
    ({"task": "add", "args": {"a": 1.5}}, "#/args/a"),
    ({"task": "add", "args": {"a": True}}, "#/args/a"),
    ({"task": "add", "args": {"c": 1}}, "#/args/c"),
    ({"task": "report", "args": {}}, "#/args/month"),
    ({"task": "add", "queue": "nowhere"}, "#/queue"),
    ({"task": "add", "priority": 1001}, "#/priority"),
    ({"task": "add", "priority": "5"}, "#/priority"),
    ({"task": "add", "max_attempts": 0}, "#/max_attempts"),
    ({"task": "add", "max_attempts": 101}, "#/max_attempts"),
    ({"task": "add", "delay": -1}, "#/delay"),
    ({"task": "add", "delay": 400_000_000}, "#/delay"),
    ({"task": "add", "timeout": 0}, "#/timeout"),
    ({"task": "add", "run_at": "tomorrow"}, "#/run_at"),
    ({"task": "add", "run_at": "2030-01-01T00:00:00"}, "#/run_at"),
    ({"task": "add", "run_at": "2030-01-01T00:00:00Z", "delay": 1}, "#/run_at"),
    ({"task": "add", "tags": "a"}, "#/tags"),
    ({"task": "add", "tags": ["ok", ""]}, "#/tags/1"),
    ({"task": "add", "colour": "red"}, "#/colour"),
    ({"task": "add", "a/b~c": 1}, "#/a~1b~0c"),
    ({"task": "add", "expires_in": 5}, "#/expires_in"),
    ({"task": "add", "unique_key": "k"}, "#/unique_key"),
    ({"task": "add", "on_conflict": "return"}, "#/on_conflict"),
    ({"task": "add", "depends_on": []}, "#/depends_on"),
]


@pytest.mark.parametrize(("body", "pointer"), REFUSED, ids=[str(body)[:60] for body, _ in REFUSED])
def test_what_does_not_fit_is_refused_by_its_place(
    tmp_path: Path, body: dict[str, Any], pointer: str
) -> None:
    """A field that is wrong, unknown or of a later version is 422 with a pointer, and nothing is stored."""
    with api_client(tmp_path) as here:
        response = here.post("/jobs", body)
        document = is_problem(response, 422, "unknown-task" if body.get("task") == "nobody" else "validation")
        assert pointer in pointers(document)
        assert here.count() == 0


def test_arguments_may_be_as_large_as_the_setting_says_and_no_larger(tmp_path: Path) -> None:
    """Arguments over JOBS_MAX_ARGS_BYTES are 413; escaping them in the body does not make them larger."""
    with api_client(tmp_path, max_args_bytes=1024) as here:
        fits, too_large = "é" * 450, "x" * 1100
        assert here.submit("echo", args={"value": fits})["args"]["value"] == fits
        is_problem(
            here.post("/jobs", {"task": "echo", "args": {"value": too_large}}), 413, "payload-too-large"
        )


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
        assert (job["state"], job["result"], set(job["links"])) == (
            "succeeded",
            4,
            {"self", "result", "attempts", "events", "retry"},
        )
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


def test_an_unknown_option_is_answered_with_the_likely_one(tmp_path: Path) -> None:
    """Celery's words too, in a batch as well, beside what else is wrong; what is like none names all."""
    with api_client(tmp_path) as here:
        job = {"task": "add", "countdown": 5, "max_retries": 3, "colour": "red", "priority": 1001}
        expected = {
            "countdown": "unknown option: did you mean delay?",
            "max_retries": "unknown option: did you mean max_attempts?",
            "colour": "unknown option: there are delay, max_attempts, priority, queue, run_at, tags, timeout",
            "priority": "Must be a whole number from -1,000 to 1,000.",
        }
        alone, batch = here.post("/jobs", job), here.post("/jobs/batch", {"jobs": [job]})
        for response, where in ((alone, "#"), (batch, "#/jobs/0")):
            found = {
                place["pointer"]: place["detail"]
                for place in is_problem(response, 422, "validation")["errors"]
            }
            assert found == {f"{where}/{name}": detail for name, detail in expected.items()}
