"""Jobs that wait for others, over HTTP and at a prompt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.jobs.cli import jobs_cli
from app.jobs.ids import new_id

from .api_client import API, api_client, is_problem, pointers


def test_a_job_waits_and_says_for_what(tmp_path: Path) -> None:
    """It is shown as waiting with the ids, cancelled with a reason, and due when they have succeeded."""
    with api_client(tmp_path) as here:
        parents = [here.submit()["id"], here.submit()["id"]]
        job = here.submit("echo", depends_on=parents)
        assert (job["state"], job["depends_on"], job["on_dependency"]) == ("waiting", parents, "cancel")
        shown = here.get(f"/jobs/{job['id']}").get_json()
        assert shown["waiting_reason"] == f"waits for 2 jobs: {', '.join(parents)}"
        (listed,) = here.get("/jobs?state=waiting").get_json()["items"]
        assert listed["waiting_reason"] == "waits for what it depends on"
        here.drain()
        assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "succeeded"


def test_a_batch_calls_back(tmp_path: Path) -> None:
    """Its jobs are accepted without the callbacks, which it names and which wait for it."""
    with api_client(tmp_path) as here:
        body = {
            "jobs": [{"task": "add"}, {"task": "fail"}], "on_done": {"task": "echo", "priority": 5},
            "on_success": {"task": "echo", "args": {"value": "all"}},
        }  # fmt: skip
        made = here.post("/jobs/batch", body).get_json()
        assert made["accepted"] == len(made["items"]) == 2
        batch = here.get(f"/batches/{made['batch_id']}").get_json()
        done, success = (here.get(f"/jobs/{batch[name]}").get_json() for name in ("on_done", "on_success"))
        assert done["waiting_reason"] == f"waits for 2 jobs of the batch {batch['id']}"
        assert (done["priority"], success["batch_id"]) == (5, None)
        here.drain()
        states = [here.get(f"/jobs/{each['id']}").get_json()["state"] for each in (done, success)]
        assert states == ["succeeded", "cancelled"]
        retried = here.post(f"/batches/{batch['id']}/retry")
        assert (retried.status_code, retried.headers["Location"]) == (202, f"{API}/batches/{batch['id']}")
        assert retried.get_json()["counts"]["queued"] == 1
        cancelled = here.post(f"/batches/{batch['id']}/cancel")
        assert (cancelled.status_code, cancelled.get_json()["counts"]["cancelled"]) == (200, 1)


def test_a_batch_with_callbacks_is_made_once_for_a_key(tmp_path: Path) -> None:
    """A repeated request gives the same batch."""
    with api_client(tmp_path) as here:
        body = {"jobs": [{"task": "add"}], "on_done": {"task": "add"}}
        first, again = (
            here.post("/jobs/batch", body, headers={"Idempotency-Key": "k"}) for _ in range(2)
        )  # fmt: skip
        assert first.get_json() == again.get_json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert here.count() == 2


def test_a_member_names_its_unknown_parent(tmp_path: Path) -> None:
    """By its place, also where it is a callback that may have none of its own; nothing is stored."""
    with api_client(tmp_path) as here:
        jobs = [{"task": "add"}, {"task": "add", "depends_on": [new_id()]}]
        document = is_problem(here.post("/jobs/batch", {"jobs": jobs}), 422, "validation")
        assert pointers(document) == {"#/jobs/1/depends_on/0"}
        callback = {"jobs": [{"task": "add"}], "on_done": {"task": "add", "depends_on": [new_id()]}}
        document = is_problem(here.post("/jobs/batch", callback), 422, "validation")
        assert pointers(document) == {"#/on_done/depends_on"}
        assert here.count() == 0


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_an_unknown_batch_cannot_be_changed(tmp_path: Path, action: str) -> None:
    """404; and a body is refused."""
    with api_client(tmp_path) as here:
        is_problem(here.post(f"/batches/{new_id()}/{action}"), 404, "not-found")
        is_problem(here.post(f"/batches/x/{action}"), 404, "not-found")
        is_problem(here.post(f"/batches/{new_id()}/{action}", {"x": 1}), 422, "validation")


def test_the_command_takes_ids(tmp_path: Path) -> None:
    """`--depends-on` may be repeated."""
    with api_client(tmp_path) as here:
        parents = [here.submit()["id"], here.submit()["id"]]
        words = ["submit", "echo", "--json", "--on-dependency", "run"]
        done = here.app.test_cli_runner().invoke(
            jobs_cli, [*words, "--depends-on", parents[0], "--depends-on", parents[1]]
        )
        job = json.loads(done.stdout)
        assert (job["state"], job["depends_on"], job["on_dependency"]) == ("waiting", parents, "run")
