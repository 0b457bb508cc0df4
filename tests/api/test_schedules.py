"""Schedules over HTTP: paused, run, skipped, explained; and who may."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from .api_client import API, ApiClient, api_client, is_problem
from .scheduling import NEW, NINE, advance, made, moment, ok, send, shown


def test_pausing_and_resuming_twice_is_as_good_as_once(tmp_path: Path) -> None:
    """The second request changes nothing; the fire times of the pause are recorded in one row."""
    with api_client(tmp_path) as here:
        made(here)
        for _ in range(2):
            paused = ok(send(here, "POST", "/s/pause", {}))
            assert (paused["paused"], paused["next_fire_at"]) == (True, None)
        advance(here, 35)
        for _ in range(2):
            resumed = ok(send(here, "POST", "/s/resume"))
            assert resumed["paused"] is False
            assert moment(resumed["next_fire_at"]) == moment(resumed["created_at"]) + timedelta(seconds=40)
        (row,) = ok(send(here, "GET", "/s/history"))["items"]
        assert (row["decision"], row["count"], row["job_id"]) == ("paused", 3, None)


@pytest.mark.parametrize("paused", [True, False])
def test_run_makes_a_job_and_moves_nothing(tmp_path: Path, paused: bool) -> None:
    """202 and where the job is; no fire time, no decision, and the next fire time stays."""
    with api_client(tmp_path) as here:
        before = made(here, paused=paused, args={"value": 7, "token": "t"})
        response = send(here, "POST", "/s/run")
        job = ok(response, 202)
        assert response.headers["Location"] == f"{API}/jobs/{job['id']}"
        assert (job["schedule_id"], job["fire_time"]) == ("s", None)
        assert job["args"] == {"value": 7, "token": "[redacted]"}
        assert shown(here) == before
        here.drain()
        assert here.get(f"/jobs/{job['id']}").get_json()["result"] == 7
        assert ok(send(here, "GET", "/s/history")) == {"items": []}


def test_run_is_refused_where_the_backlog_is_full(tmp_path: Path) -> None:
    """503 and when to try again, as for any job."""
    with api_client(tmp_path, max_queued=1) as here:
        made(here)
        ok(send(here, "POST", "/s/run"), 202)
        response = send(here, "POST", "/s/run")
        is_problem(response, 503, "queue-full")
        assert "Retry-After" in response.headers


def test_skip_leaves_the_next_fire_time_out(tmp_path: Path) -> None:
    """It is recorded and has no job, and the one after it fires; while paused there is nothing to skip."""
    with api_client(tmp_path) as here:
        before = made(here)
        after = ok(send(here, "POST", "/s/skip"))
        assert moment(after["next_fire_at"]) == moment(before["next_fire_at"]) + timedelta(seconds=10)
        advance(here, 20)
        fired, skipped = ok(send(here, "GET", "/s/history"))["items"]
        assert (fired["decision"], fired["fire_time"]) == ("fired", after["next_fire_at"])
        assert (skipped["decision"], skipped["fire_time"]) == ("skipped", before["next_fire_at"])
        assert "on request" in skipped["reason"]
        ok(send(here, "POST", "/s/pause"))
        is_problem(send(here, "POST", "/s/skip"), 409, "invalid-state")


def test_nothing_is_left_to_skip(tmp_path: Path) -> None:
    """A schedule that has ended is still there, and says so."""
    with api_client(tmp_path) as here:
        made(here, trigger={"type": "date", "run_at": "2099-01-01T00:00:00Z"})
        assert ok(send(here, "POST", "/s/skip"))["next_fire_at"] is None
        is_problem(send(here, "POST", "/s/skip"), 409, "invalid-state")


def test_history_is_paged_from_the_newest(tmp_path: Path) -> None:
    """Each row has its keys; `limit` and `before` lead through all of them without a repeat."""
    with api_client(tmp_path) as here:
        first = moment(made(here)["next_fire_at"])
        for _ in range(5):
            advance(here, 10)
        rows = ok(send(here, "GET", "/s/history"))["items"]
        keys = ["fire_time", "decision", "count", "job_id", "reason", "late_seconds", "decided_at", "by"]
        assert all(list(row) == keys for row in rows)
        times = [moment(row["fire_time"]) for row in rows]
        assert times == [first + timedelta(seconds=10 * k) for k in (4, 3, 2, 1, 0)]
        assert {(row["decision"], row["late_seconds"], row["reason"]) for row in rows} == {("fired", 0, None)}
        jobs = {job["id"]: job["fire_time"] for job in here.get("/jobs?schedule_id=s").get_json()["items"]}
        assert {row["job_id"]: row["fire_time"] for row in rows} == jobs
        found: list[Any] = []
        while page := ok(send(here, "GET", f"/s/history?limit=2{_before(found)}"))["items"]:
            assert len(page) <= 2
            found += page
        assert found == rows


def _before(found: list[Any]) -> str:
    return f"&before={found[-1]['fire_time']}" if found else ""


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "before=soon", "before=2030-01-01", "x=1"]
)
def test_a_bad_page_of_history_is_400(untouched: ApiClient, query: str) -> None:
    """Out of bounds, no number, no time, given twice, unknown."""
    is_problem(send(untouched, "GET", f"/hourly/history?{query}"), 400, "bad-parameter")


TOKENS = {"token-read": ["read"], "token-submit": ["submit"], "token-operate": ["operate"]}
RIGHTS: list[tuple[str, str, Any, str]] = [
    ("GET", "", None, "read"),
    ("GET", "/hourly", None, "read"),
    ("GET", "/hourly/history", None, "read"),
    ("POST", "/preview", {"trigger": NINE}, "read"),
    ("POST", "", {"id": "s", **NEW}, "operate"),
    ("PUT", "/hourly", NEW, "operate"),
    ("PATCH", "/hourly", {"jitter": 1}, "operate"),
    ("POST", "/hourly/pause", None, "operate"),
    ("POST", "/hourly/resume", None, "operate"),
    ("POST", "/hourly/skip", None, "operate"),
    ("POST", "/hourly/run", None, "operate"),
    ("DELETE", "/hourly", None, "operate"),
]


def test_reading_takes_read_and_changing_takes_operate(tmp_path: Path) -> None:
    """Who may only submit changes no schedule, and who may only read previews."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        for method, path, body, right in RIGHTS:
            is_problem(send(here, method, path, body), 401, "unauthorized")
            for held in ("read", "submit", "operate"):
                headers = {"Authorization": f"Bearer token-{held}"}
                response = send(here, method, path, body, headers=headers)
                if right == "operate" and held != "operate":
                    is_problem(response, 403, "forbidden")
                else:
                    assert response.status_code < 300, (method, path, response.data)
