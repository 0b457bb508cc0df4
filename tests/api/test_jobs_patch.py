"""`PATCH /jobs/{id}`: of a job that has not begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .api_client import API, ApiClient, api_client, is_problem, pointers

MERGE = "application/merge-patch+json"


def patch(here: ApiClient, job_id: str, body: Any, **options: Any) -> Any:
    """PATCH the job."""
    return here.client.patch(f"{API}/jobs/{job_id}", json=body, **options)


def test_the_fields_of_the_body_are_changed(tmp_path: Path) -> None:
    """The answer is the job with its new ETag; what is not named stays."""
    with api_client(tmp_path) as here:
        job = here.submit(args={"a": 1, "b": 2}, delay=60)
        run_at = "2030-01-01T00:00:00.000000Z"
        body = {"priority": 3, "queue": "reports", "tags": ["x"], "run_at": run_at, "args": {"a": 5}}
        answer = patch(here, job["id"], body)
        assert answer.status_code == 200
        assert answer.headers["ETag"] == 'W/"2"'
        shown = answer.get_json()
        assert {name: shown[name] for name in body} == body
        assert (shown["state"], shown["max_attempts"]) == ("scheduled", job["max_attempts"])
        assert patch(here, job["id"], {}).get_json()["version"] == 2


def test_a_merge_patch_changes_within_the_arguments(tmp_path: Path) -> None:
    """What it does not name stays, null removes; a secret stays as it is stored."""
    with api_client(tmp_path) as here:
        job = here.submit("echo", args={"value": 1, "password": "pw-1"})
        whole = patch(here, job["id"], {"args": {"value": 2, "password": "[redacted]"}})
        assert whole.get_json()["args"] == {"value": 2, "password": "[redacted]"}
        merged = patch(here, job["id"], {"args": {"value": None}}, headers={"Content-Type": MERGE})
        assert merged.get_json()["args"] == {"password": "[redacted]"}
        with here.app.app_context():
            assert here.jobs.get(job["id"]).args == {"password": "pw-1"}
        is_problem(patch(here, job["id"], {"args": {"value": "[redacted]"}}), 422, "validation")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"priority": "high"}, "#/priority"),
        ({"priority": None}, "#/priority"),
        ({"run_at": "soon"}, "#/run_at"),
        ({"tags": "x"}, "#/tags"),
        ({"queue": "nowhere"}, "#/queue"),
        ({"args": {"a": "x"}}, "#/args/a"),
        ({"args": None}, "#/args"),
        ({"state": "running"}, "#/state"),
        ({"delay": 5}, "#/delay"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, body: Any, place: str) -> None:
    """422 with a pointer, and nothing is changed."""
    with api_client(tmp_path) as here:
        job = here.submit()
        assert place in pointers(is_problem(patch(here, job["id"], body), 422, "validation"))
        assert here.get(f"/jobs/{job['id']}").get_json()["version"] == 1


def test_only_before_it_has_begun_and_as_the_client_saw_it(tmp_path: Path) -> None:
    """409 afterwards, 412 for another version, 404 for no job, 415 for another type, 403 for submitters."""
    tokens = {"operator-1": ["operate"], "submitter": ["submit"]}
    with api_client(tmp_path, api_tokens=tokens) as here:
        operator = {"Authorization": "Bearer operator-1"}
        job = _submit(here, operator)
        stale = patch(here, job, {"priority": 1}, headers={**operator, "If-Match": 'W/"9"'})
        is_problem(stale, 412, "precondition-failed")
        assert patch(here, job, {"priority": 1}, headers={**operator, "If-Match": 'W/"1"'}).status_code == 200
        is_problem(
            patch(here, job, {"priority": 2}, headers={"Authorization": "Bearer submitter"}), 403, "forbidden"
        )
        text = here.client.patch(f"{API}/jobs/{job}", data="x", headers=operator)
        is_problem(text, 415, "unsupported-media-type")
        here.drain()
        is_problem(patch(here, job, {"priority": 2}, headers=operator), 409, "invalid-state")
        is_problem(patch(here, "0" * 8, {"priority": 2}, headers=operator), 404, "not-found")


def _submit(here: ApiClient, headers: dict[str, str]) -> str:
    job_id: str = here.post("/jobs", {"task": "add"}, headers=headers).get_json()["id"]
    return job_id
