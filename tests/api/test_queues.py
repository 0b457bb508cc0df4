"""Queues and tasks under control: shown, paused, resumed, limited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from .api_client import API, ApiClient, api_client, is_problem, pointers

KEYS = ["name", "paused", "queued", "running", "oldest_seconds", "concurrency", "workers", "changes"]


def patch(here: ApiClient, path: str, body: Any) -> Any:
    """PATCH `body` as JSON."""
    return here.client.patch(API + path, json=body)


def queue(here: ApiClient, name: str) -> dict[str, Any]:
    """The queue as it is shown."""
    found: dict[str, dict[str, Any]] = {
        each["name"]: each for each in here.get("/queues").get_json()["items"]
    }
    return found[name]


def test_queues_are_shown(tmp_path: Path) -> None:
    """Those that a task names, in order, with what waits in each."""
    with api_client(tmp_path) as here:
        here.submit("report", args={"month": "2030-01"})
        items = here.get("/queues").get_json()["items"]
        assert [each["name"] for each in items] == ["default", "reports"]
        assert all(list(each) == KEYS for each in items)
        shown = queue(here, "reports")
        assert shown["oldest_seconds"] >= 0
        assert shown | {"oldest_seconds": 0} == {
            "name": "reports", "paused": False, "queued": 1, "running": 0, "oldest_seconds": 0,
            "concurrency": None, "workers": 1, "changes": [],
        }  # fmt: skip


def test_a_queue_is_paused_and_resumed(tmp_path: Path, url: URL) -> None:
    """Nothing is claimed from it meanwhile, and the job says why; who did it is shown."""

    def auth(request: Any, right: str) -> str:
        return "ada"

    with api_client(tmp_path, url=url, auth=auth) as here:
        job = here.submit()
        answer = here.post("/queues/default/pause")
        assert (answer.status_code, answer.get_json()["paused"]) == (200, True)
        here.drain()
        shown = here.get(f"/jobs/{job['id']}").get_json()
        assert (shown["state"], shown["waiting_reason"]) == ("queued", "the queue 'default' is paused")
        [change] = queue(here, "default")["changes"]
        assert (change["setting"], change["value"], change["by"]) == ("paused", True, "ada")
        assert here.post("/queues/default/pause", {}).get_json()["paused"] is True
        assert here.post("/queues/default/resume").get_json()["paused"] is False
        here.drain()
        assert here.get(f"/jobs/{job['id']}").get_json()["state"] == "succeeded"


def test_a_queue_is_limited(tmp_path: Path) -> None:
    """By a number; null takes it away."""
    with api_client(tmp_path) as here:
        assert patch(here, "/queues/reports", {"concurrency": 3}).get_json()["concurrency"] == 3
        assert queue(here, "reports")["concurrency"] == 3
        assert patch(here, "/queues/reports", {"concurrency": None}).get_json()["concurrency"] is None
        assert patch(here, "/queues/reports", {}).status_code == 200


@pytest.mark.parametrize("path", ["/queues/nobody/pause", "/queues/a%20b/resume", "/queues/%00/pause"])
def test_an_unknown_queue_is_404(tmp_path: Path, path: str) -> None:
    """It is not made by pausing it."""
    with api_client(tmp_path) as here:
        is_problem(here.post(path), 404, "not-found")
        assert len(here.get("/queues").get_json()["items"]) == 2


@pytest.mark.parametrize("value", [0, -1, True, "2", [2, "tenant"], 10**9, {}])
def test_a_wrong_limit_of_a_queue_is_422(tmp_path: Path, value: Any) -> None:
    """It is a number in its bounds, and nothing is changed."""
    with api_client(tmp_path) as here:
        document = is_problem(patch(here, "/queues/default", {"concurrency": value}), 422, "validation")
        assert pointers(document) == {"#/concurrency"}
        assert queue(here, "default")["changes"] == []


def test_a_task_is_paused_and_limited(tmp_path: Path, url: URL) -> None:
    """What is set holds for the next claim; null is what the code says."""
    with api_client(tmp_path, url=url) as here:
        jobs = [here.submit(args={"a": 1})["id"] for _ in range(3)]
        assert patch(here, "/tasks/add", {"paused": True}).get_json()["paused"] is True
        here.drain()
        reasons = {here.get(f"/jobs/{job_id}").get_json()["waiting_reason"] for job_id in jobs}
        assert reasons == {"the task 'add' is paused"}
        shown = patch(here, "/tasks/add", {"paused": None, "rate": ["1/h", "a"], "concurrency": 5}).get_json()
        assert (shown["paused"], shown["rate"], shown["concurrency"]) == (False, ["1/h", "a"], 5)
        assert {each["setting"] for each in shown["changes"]} == {"paused", "rate", "concurrency"}
        here.drain()
        states = [here.get(f"/jobs/{job_id}").get_json()["state"] for job_id in jobs]
        assert states == ["succeeded", "queued", "queued"]
        reason = here.get(f"/jobs/{jobs[1]}").get_json()["waiting_reason"]
        assert reason.startswith("the rate of 1/h of the task 'add' for a 1 is reached, next at ")
        assert patch(here, "/tasks/add", {"rate": None}).get_json()["rate"] is None
        here.drain()
        assert here.get(f"/jobs/{jobs[2]}").get_json()["state"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"concurrency": 0}, "#/concurrency"), ({"concurrency": [2, "tenant"]}, "#/concurrency"),
        ({"rate": "5/w"}, "#/rate"), ({"rate": ["5/s", "nobody"]}, "#/rate"), ({"paused": 1}, "#/paused"),
        ({"priority": 1}, "#/priority"), ({"rate": {"a": 1}}, "#/rate"),
    ],
)  # fmt: skip
def test_a_wrong_limit_of_a_task_is_422(tmp_path: Path, body: Any, place: str) -> None:
    """Also one by an argument that the task does not take; nothing is changed."""
    with api_client(tmp_path) as here:
        assert pointers(is_problem(patch(here, "/tasks/add", body), 422, "validation")) == {place}
        assert here.get("/tasks/add").get_json()["changes"] == []


def test_an_unknown_task_cannot_be_changed(tmp_path: Path) -> None:
    """It is 404, as it is to be read."""
    with api_client(tmp_path) as here:
        is_problem(patch(here, "/tasks/nobody", {"paused": True}), 404, "not-found")


def test_a_secret_value_is_not_shown(tmp_path: Path) -> None:
    """The limit is named, and the argument, but not whose it is."""
    with api_client(tmp_path) as here:
        patch(here, "/tasks/tick", {"rate": ["1/h", "token"]})
        jobs = [here.submit("tick", args={"token": "t-123456"})["id"] for _ in range(2)]
        here.drain()
        reason = here.get(f"/jobs/{jobs[1]}").get_json()["waiting_reason"]
        assert 'for token "[redacted]" is reached' in reason
        assert "t-123456" not in reason
