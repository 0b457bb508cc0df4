"""`POST /jobs` and `POST /jobs/batch` with unique keys."""

from __future__ import annotations

from pathlib import Path

from .api_client import API, api_client, is_problem

KEY = {"unique_key": "nightly"}


def test_a_key_that_is_taken_is_200_and_its_job(tmp_path: Path) -> None:
    """With where to poll it; once it has ended the next one is 202 again."""
    with api_client(tmp_path) as here:
        first = here.submit(args={"a": 1}, **KEY)
        assert (first["unique_key"], first["expires_at"]) == ("nightly", None)
        again = here.post("/jobs", {"task": "add", "args": {"a": 2}, **KEY})
        assert (again.status_code, again.get_json()) == (200, first)
        assert again.headers["Location"] == f"{API}/jobs/{first['id']}"
        assert again.headers["ETag"] == 'W/"1"'
        assert again.headers["Retry-After"] == "1"
        here.drain()
        assert here.submit(**KEY)["id"] != first["id"]
        assert here.submit("tick", **KEY)["unique_key"] == "nightly"


def test_reject_is_409_with_the_job_that_has_it(tmp_path: Path) -> None:
    """In a batch too, of which nothing is stored then."""
    with api_client(tmp_path) as here:
        first = here.submit(**KEY)
        job = {"task": "add", "on_conflict": "reject", **KEY}
        for path, body in (("/jobs", job), ("/jobs/batch", {"jobs": [{"task": "add"}, job]})):
            response = here.post(path, body)
            document = is_problem(response, 409, "unique-conflict")
            assert first["id"] in document["detail"]
            assert response.headers["Location"] == f"{API}/jobs/{first['id']}"
        assert here.count() == 1


def test_replace_changes_the_job_that_waits(tmp_path: Path) -> None:
    """200, the same id, and a new version."""
    with api_client(tmp_path) as here:
        first = here.submit(args={"a": 1}, delay=60, **KEY)
        body = {"task": "add", "args": {"a": 2}, "priority": -1, "on_conflict": "replace", **KEY}
        response = here.post("/jobs", body)
        job = response.get_json()
        assert (response.status_code, job["id"], job["args"]) == (200, first["id"], {"a": 2})
        assert (job["state"], job["priority"], job["version"]) == ("queued", -1, 2)
        here.drain()
        assert here.get(f"/jobs/{first['id']}/result").get_json() == 2


def test_a_batch_names_the_job_that_has_the_key(tmp_path: Path) -> None:
    """Each item the one that its submission has led to."""
    with api_client(tmp_path) as here:
        first = here.submit(**KEY)
        jobs = [{"task": "add"}, {"task": "add", **KEY}, {"task": "add", "unique_key": "b"}]
        made = here.post("/jobs/batch", {"jobs": [*jobs, jobs[2]]}).get_json()
        ids = [item["id"] for item in made["items"]]
        assert (ids[1], ids[2]) == (first["id"], ids[3])
        assert here.get(f"/batches/{made['batch_id']}").get_json()["total"] == 2


def test_an_idempotency_key_remembers_the_job_that_was_there(tmp_path: Path) -> None:
    """A repeated request is answered with it, also when another job has the key by then."""
    with api_client(tmp_path) as here:
        first = here.submit(**KEY)
        body, headers = {"task": "add", **KEY}, {"Idempotency-Key": "i"}
        assert here.post("/jobs", body, headers=headers).status_code == 200
        here.drain()
        here.submit(**KEY)
        replay = here.post("/jobs", body, headers=headers)
        assert (replay.status_code, replay.get_json()["id"]) == (202, first["id"])
        assert replay.headers["Idempotency-Replayed"] == "true"
