"""`POST /jobs/batch` and `GET /batches/{id}`."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs.ids import new_id

from .api_client import API, api_client, is_problem, pointers


def test_a_batch_is_accepted_as_a_whole(tmp_path: Path) -> None:
    """202 with the batch's id, an item for each job in order, and where to follow it."""
    with api_client(tmp_path) as here:
        response = here.post("/jobs/batch", {"jobs": [{"task": "add", "args": {"a": n}} for n in range(5)]})
        body = response.get_json()
        assert response.status_code == 202
        assert response.headers["Location"] == f"{API}/batches/{body['batch_id']}"
        assert body["accepted"] == 5
        assert [item["index"] for item in body["items"]] == [0, 1, 2, 3, 4]
        assert {item["state"] for item in body["items"]} == {"queued"}
        for item in body["items"]:
            job = here.get(f"/jobs/{item['id']}").get_json()
            assert (job["args"], job["batch_id"]) == ({"a": item["index"]}, body["batch_id"])


def test_a_batch_shows_its_progress(tmp_path: Path) -> None:
    """The batch counts its jobs by state and says how many are over."""
    with api_client(tmp_path) as here:
        jobs = [{"task": "add"}, {"task": "fail"}, {"task": "add", "delay": 600}]
        made = here.post("/jobs/batch", {"jobs": jobs}).get_json()
        here.drain()
        batch = here.get(f"/batches/{made['batch_id']}").get_json()
        assert (batch["id"], batch["total"]) == (made["batch_id"], 3)
        assert {state: count for state, count in batch["counts"].items() if count} == {
            "succeeded": 1,
            "failed": 1,
            "scheduled": 1,
        }
        assert (batch["progress"]["current"], batch["progress"]["total"]) == (2, 3)
        assert batch["created_at"].endswith("Z")


def test_all_or_none(tmp_path: Path) -> None:
    """One bad job refuses the whole batch and is named by its index."""
    with api_client(tmp_path) as here:
        jobs = [{"task": "add"}, {"task": "add"}, {"task": "add"}, {"task": "report", "args": {"month": 7}}]
        document = is_problem(here.post("/jobs/batch", {"jobs": jobs}), 422, "validation")
        assert pointers(document) == {"#/jobs/3/args/month"}
        assert here.count() == 0


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        ({}, "validation", "#/jobs"),
        ({"jobs": {}}, "validation", "#/jobs"),
        ({"jobs": []}, "validation", "#/jobs"),
        ({"jobs": [1]}, "validation", "#/jobs/0"),
        ({"jobs": [{"task": "add"}] * 1_001}, "validation", "#/jobs"),
        ({"jobs": [{"task": "add"}, {"task": "add", "x": 1}]}, "validation", "#/jobs/1/x"),
        ({"jobs": [{"task": "add"}, {"task": "add", "priority": "high"}]}, "validation", "#/jobs/1/priority"),
        ({"jobs": [{"task": "add"}, {"task": "add", "queue": "no"}]}, "validation", "#/jobs/1/queue"),
        ({"jobs": [{"task": "add"}, {"task": "no"}]}, "validation", "#/jobs/1/task"),
        ({"jobs": [{"task": "add"}], "atomic": False}, "validation", "#/atomic"),
        ({"jobs": [{"task": "add"}], "on_success": {}}, "validation", "#/on_success/task"),
        ({"jobs": [{"task": "add"}], "on_done": {"task": "no"}}, "validation", "#/on_done/task"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_does_not_fit_is_refused_by_its_place(
    tmp_path: Path, body: dict[str, object], slug: str, pointer: str
) -> None:
    """Each bad batch is 422 with the pointer of the fault, and nothing is stored."""
    with api_client(tmp_path) as here:
        document = is_problem(here.post("/jobs/batch", body), 422, slug)
        assert pointer in pointers(document)
        assert here.count() == 0


def test_a_thousand_jobs_are_one_batch(tmp_path: Path) -> None:
    """The largest batch is taken in one request."""
    with api_client(tmp_path) as here:
        response = here.post("/jobs/batch", {"jobs": [{"task": "add"}] * 1_000})
        assert (response.status_code, response.get_json()["accepted"]) == (202, 1_000)
        assert here.count() == 1_000


def test_a_batch_over_the_backlogs_limit_is_refused_whole(tmp_path: Path) -> None:
    """A batch that does not fit under JOBS_MAX_QUEUED is 503, and none of it is stored."""
    with api_client(tmp_path, max_queued=5) as here:
        is_problem(here.post("/jobs/batch", {"jobs": [{"task": "add"}] * 6}), 503, "queue-full")
        assert here.count() == 0


def test_an_unknown_batch_is_404(tmp_path: Path) -> None:
    """A batch that nobody made is 404."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/batches/{new_id()}"), 404, "not-found")
