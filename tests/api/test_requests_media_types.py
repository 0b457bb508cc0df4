"""What a body is sent as: content codings, media types, merge patches; and what a refusal says of them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from .api_client import API, ApiClient, api_client, is_problem

MERGE_PATCH = "application/merge-patch+json"
BODY = b'{"task":"add"}'


def patch(here: ApiClient, data: Any, content_type: str = MERGE_PATCH) -> TestResponse:
    """PATCH of the schedule that the client has made."""
    options = {"json": data} if isinstance(data, dict) else {"data": data}
    return here.client.patch(f"{API}/schedules/hourly", **options, content_type=content_type)


@pytest.mark.parametrize("path", ["/jobs", "/jobs/batch", "/schedules", "/schedules/hourly/pause"])
def test_a_compressed_body_is_415_and_says_what_is_taken(untouched: ApiClient, path: str) -> None:
    """Not 400 for JSON that cannot be read: Accept-Encoding names the codings."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = untouched.client.post(API + path, data=gzip.compress(BODY), headers=headers)
    is_problem(response, 415, "unsupported-media-type")
    assert response.headers["Accept-Encoding"] == "identity"


def test_the_coding_that_changes_nothing_is_taken(tmp_path: Path) -> None:
    """`Content-Encoding: identity` is no coding."""
    with api_client(tmp_path) as here:
        headers = {"Content-Encoding": "identity"}
        assert here.post("/jobs", {"task": "add"}, headers=headers).status_code == 202


@pytest.mark.parametrize("path", ["/jobs", "/schedules/hourly/pause"])
def test_another_media_type_is_415_and_says_what_is_taken(untouched: ApiClient, path: str) -> None:
    """Accept names it."""
    response = untouched.client.post(API + path, data=BODY, content_type="text/plain")
    is_problem(response, 415, "unsupported-media-type")
    assert response.headers["Accept"] == "application/json"
    assert "Accept-Encoding" not in response.headers


def test_a_patch_says_what_it_takes(untouched: ApiClient) -> None:
    """415 and OPTIONS name the media types in Accept-Patch."""
    refused = patch(untouched, b"{}", "application/json-patch+json")
    is_problem(refused, 415, "unsupported-media-type")
    asked = untouched.client.options(f"{API}/schedules/hourly")
    assert refused.headers["Accept-Patch"] == asked.headers["Accept-Patch"]
    assert MERGE_PATCH in asked.headers["Accept-Patch"]
    assert "Accept-Patch" not in untouched.client.options(f"{API}/jobs").headers


def test_a_merge_patch_changes_within_objects(tmp_path: Path) -> None:
    """Arguments that it does not name stay, null removes one; as application/json they are replaced."""
    with api_client(tmp_path) as here:
        assert patch(here, {"args": {"token": "t-2"}, "jitter": 5}).status_code == 200
        with here.app.app_context():
            changed = here.jobs.get_schedule("hourly")
        assert (changed.args, changed.jitter) == ({"value": 1, "token": "t-2"}, 5)
        removed = patch(here, {"args": {"token": None}, "trigger": {"minutes": 5}}).get_json()
        assert removed["args"] == {"value": 1}
        assert removed["trigger"] == {"type": "interval", "hours": 1, "minutes": 5}
        whole = patch(here, {"args": {"token": "t-3"}}, "application/json").get_json()
        assert set(whole["args"]) == {"token"}


def test_a_merge_patch_is_checked_as_any_body(tmp_path: Path) -> None:
    """400 for what is not JSON, 422 for a field that is unknown, 404 for a schedule that is."""
    with api_client(tmp_path) as here:
        is_problem(patch(here, b"{"), 400, "malformed-json")
        is_problem(patch(here, {"when": {"a": 1}}), 422, "validation")
        missing = here.client.patch(f"{API}/schedules/no", json={"args": {}}, content_type=MERGE_PATCH)
        is_problem(missing, 404, "not-found")


def test_the_path_of_batches_takes_posts_alone(untouched: ApiClient) -> None:
    """`GET /jobs/batch` is 405, not the job with the id "batch"."""
    for method in ("GET", "HEAD", "DELETE", "PUT"):
        response = untouched.client.open(f"{API}/jobs/batch", method=method)
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST, OPTIONS"


def test_a_link_without_parameters_has_no_question_mark(untouched: ApiClient) -> None:
    """The first page of the plain list is the plain list."""
    assert untouched.get("/jobs").headers["Link"] == f'<{API}/jobs>; rel="first"'
    assert untouched.get("/jobs?limit=1").headers["Link"] == f'<{API}/jobs?limit=1>; rel="first"'


@pytest.mark.parametrize("id", [".", ".."])
def test_ids_that_change_a_path_are_refused(untouched: ApiClient, id: str) -> None:
    """A client would ask for the folder instead; dots within an id are letters like others."""
    body = {"id": id, "task": "tick", "trigger": {"type": "interval", "hours": 1}}
    assert "#/id" in str(is_problem(untouched.post("/schedules", body), 422, "validation")["errors"])
