"""The threads of a worker, asked of any process."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import URL

from app.jobs.api.long_poll import SLOTS_KEY
from app.jobs.service import thread_dumps

from ..store.factory import register
from ..support import eventually
from .api_client import ApiClient, api_client, is_problem

SOMEBODY = "3d0f6e2c-5f5f-4f0e-9d5f-0d3c8a1b2c3d"


def register_silent_worker(here: ApiClient) -> None:
    """A worker's row, and nobody behind it."""
    with here.app.extensions["simmer"].database.write() as conn:
        register(conn, SOMEBODY)


def test_any_process_shows_what_the_threads_of_a_worker_do(url: URL, tmp_path: Path) -> None:
    """Each thread with its job, since when, whether it is over its time, and its stack; ours by name."""
    go_on = threading.Event()

    def deaf() -> None:
        go_on.wait(10)

    with (
        api_client(tmp_path, url=url, engine="thread", threads=2, heartbeat_seconds=0.05) as worker,
        api_client(tmp_path, url=url, engine="thread", role="web", tables=False) as web,
    ):
        worker.jobs.task("deaf", timeout=0.01)(deaf)
        with worker.app.app_context():
            worker.jobs.start()
        job = worker.submit("deaf")
        eventually(lambda: web.get("/stats").get_json()["overdue_runs"]["count"] == 1)
        (entry,) = web.get("/workers").get_json()["items"]
        asked_at = time.monotonic()
        response = web.get(f"/workers/{entry['id']}/threads")
        assert response.status_code == 200, response.text
        assert time.monotonic() - asked_at < 5
        shown = response.get_json()
        go_on.set()
        assert (shown["worker"], shown["taken_at"][-1]) == (entry["id"], "Z")
        mine, *ours = shown["items"]
        assert list(mine) == ["thread", "job_id", "task", "started_at", "overdue", "stuck", "stack"]
        assert (mine["job_id"], mine["task"], mine["overdue"]) == (job["id"], "deaf", True)
        assert mine["started_at"] == worker.get(f"/jobs/{job['id']}").get_json()["started_at"]
        assert any(line.endswith("in deaf") for line in mine["stack"])
        assert {each["thread"] for each in ours} == {"simmer-dispatcher", "simmer-ticker"}
        assert all(each["job_id"] is None and each["stack"] for each in ours)


def test_a_worker_that_does_not_answer_is_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang, or be gone: the answer comes within five seconds all the same."""
    assert thread_dumps.ANSWER_WITHIN < 5
    monkeypatch.setattr(thread_dumps, "ANSWER_WITHIN", 0.05)
    with api_client(tmp_path, engine="thread", role="web") as here:
        register_silent_worker(here)
        document = is_problem(here.get(f"/workers/{SOMEBODY}/threads"), 503, "unavailable")
        assert document["detail"] == f"the worker {SOMEBODY} does not answer"


@pytest.mark.parametrize("id", [SOMEBODY, "nobody", "%00", "a" * 5_000, "%ff"])
def test_an_unknown_worker_is_404(tmp_path: Path, id: str) -> None:
    """There is none of this id, or none any more."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/workers/{id}/threads"), 404, "not-found")


def test_stacks_are_for_operators(tmp_path: Path) -> None:
    """They show source: the right `submit` is not enough."""
    with api_client(tmp_path, api_tokens={"token-one": ["submit"], "token-two": ["operate"]}) as here:
        for token, status in (("one", 403), ("two", 404)):
            header = {"Authorization": f"Bearer token-{token}"}
            assert here.get(f"/workers/{SOMEBODY}/threads", headers=header).status_code == status


def test_those_who_wait_for_threads_leave_room_for_others(tmp_path: Path) -> None:
    """As with long polls, half of the server's threads at most; beyond that 503 at once."""
    with api_client(tmp_path, engine="thread", role="web") as here:
        register_silent_worker(here)
        runtime = here.app.extensions["simmer"]
        runtime.server_threads = 2
        with here.app.extensions[SLOTS_KEY].slot(2) as has_slot:
            assert has_slot
            document = is_problem(here.get(f"/workers/{SOMEBODY}/threads"), 503, "unavailable")
            assert "too many requests wait" in document["detail"]
