"""`POST /jobs/actions`: what it takes, what it refuses, and what it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .api_client import ApiClient, api_client, is_problem, pointers


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "#/action"),
        ({"action": "prune", "filter": {"state": "queued"}}, "#/action"),
        ({"action": "cancel"}, "#"),
        ({"action": "cancel", "filter": {}}, "#"),
        ({"action": "cancel", "filter": {"created_after": None}}, "#"),
        ({"action": "cancel", "filter": []}, "#/filter"),
        ({"action": "cancel", "filter": {"state": []}}, "#/filter/state"),
        ({"action": "cancel", "filter": {"state": ["queued", "gone"]}}, "#/filter/state/1"),
        ({"action": "cancel", "filter": {"colour": "red"}}, "#/filter/colour"),
        ({"action": "cancel", "filter": {"limit": 5}}, "#/filter/limit"),
        ({"action": "cancel", "filter": {"created_after": "soon"}}, "#/filter/created_after"),
        ({"action": "cancel", "ids": []}, "#/ids"),
        ({"action": "cancel", "ids": "x"}, "#/ids"),
        ({"action": "cancel", "ids": ["x"]}, "#/ids/0"),
        ({"action": "cancel", "ids": ["\u0000"]}, "#/ids/0"),
        ({"action": "cancel", "ids": ["x"] * 2, "filter": {"state": "queued"}}, "#"),
        ({"action": "cancel", "filter": {"state": "queued"}, "dry_run": 1}, "#/dry_run"),
        ({"action": "cancel", "filter": {"state": "queued"}, "force": True}, "#/force"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(untouched: ApiClient, body: Any, place: str) -> None:
    """422 with a pointer; a filter that names nothing never means everything."""
    assert place in pointers(is_problem(untouched.post("/jobs/actions", body), 422, "validation"))


def test_ids_and_filters_name_jobs(tmp_path: Path) -> None:
    """One value or several; the answer has how many were named, and to how many of them it applied."""
    with api_client(tmp_path) as here:
        done = here.submit()["id"]
        here.drain()
        ids = [done, *(here.submit(tags=["old"], delay=60)["id"] for _ in range(2))]
        named = {"action": "cancel", "ids": ids}
        for _ in range(2):
            dry = here.post("/jobs/actions", {**named, "dry_run": True})
            assert (dry.status_code, dry.get_json()) == (200, {"matched": 3, "affected": 2})
        assert here.post("/jobs/actions", named).get_json() == {"matched": 3, "affected": 2}
        words = {"tag": "old", "state": ["cancelled", "failed"], "created_after": "2020-01-01T00:00:00Z"}
        retried = here.post("/jobs/actions", {"action": "retry", "filter": words})
        assert retried.get_json() == {"matched": 2, "affected": 2}
        here.drain()
        deleted = here.post("/jobs/actions", {"action": "delete", "filter": {"task": "add"}})
        assert deleted.get_json() == {"matched": 3, "affected": 3}
        assert here.count() == 0


def test_more_than_a_thousand_are_answered_with_a_job(tmp_path: Path) -> None:
    """202 with where it is; it does what was asked."""
    with api_client(tmp_path) as here:
        here.post("/jobs/batch", {"jobs": [{"task": "add"}] * 1_000})
        here.submit()
        answer = here.post("/jobs/actions", {"action": "cancel", "filter": {"state": "queued"}})
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/api/v1/jobs/{answer.get_json()['id']}"
        here.drain()
        assert here.get(f"/jobs/{answer.get_json()['id']}").get_json()["result"] == {"affected": 1_001}


def test_only_operators_may(tmp_path: Path) -> None:
    """Nobody with the right to submit gets around it by submitting the package's own task."""
    tokens = {"operator-1": ["operate"], "submitter": ["submit"]}
    with api_client(tmp_path, api_tokens=tokens) as here:
        body = {"action": "cancel", "filter": {"state": "queued"}}
        for token, status in (("operator-1", 200), ("submitter", 403)):
            headers = {"Authorization": f"Bearer {token}"}
            assert here.post("/jobs/actions", body, headers=headers).status_code == status
        args = {"action": "delete", "filter": {"state": "succeeded"}, "until": "2030-01-01T00:00:00Z"}
        own = here.post(
            "/jobs", {"task": "simmer.bulk", "args": args}, headers={"Authorization": "Bearer submitter"}
        )
        is_problem(own, 422, "unknown-task")
