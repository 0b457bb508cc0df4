"""`GET /jobs/{id}?explain=1`: why a job waits and when it will run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from .api_client import ApiClient, api_client, is_problem

KEYS = ["reason", "detail", "ahead", "limit", "starts_at", "ends_at", "basis"]


def explain(here: ApiClient, job: dict[str, Any]) -> dict[str, Any]:
    """What is said of the job."""
    shown = here.get(f"/jobs/{job['id']}?explain=1").get_json()
    found: dict[str, Any] = shown.pop("explain")
    assert list(found) == KEYS
    assert shown == here.get(f"/jobs/{job['id']}").get_json()
    return found


def test_a_job_is_explained(tmp_path: Path, url: URL) -> None:
    """Beside all of its keys, each key of the explanation is always there; without `explain=1` it is not."""
    with api_client(tmp_path, url=url) as here:
        first, second = here.submit(), here.submit()
        assert explain(here, second) == dict.fromkeys(KEYS) | {
            "reason": "ready", "detail": "nothing holds it", "ahead": 1,
        }  # fmt: skip
        later = explain(here, here.submit(delay=60))
        assert (later["reason"], later["detail"]) == ("not_due", f"not due until {later['starts_at']}")
        assert (later["ends_at"], later["basis"]) == (None, "once due, if a thread is free")
        here.drain()
        assert explain(here, first) == dict.fromkeys(KEYS)
        assert "explain" not in here.get(f"/jobs/{first['id']}?explain=0").get_json()


def test_a_limit_is_shown_as_json(tmp_path: Path, url: URL) -> None:
    """Which one it is, how many hold it, and when it opens; a secret value is covered."""
    with api_client(tmp_path, url=url) as here:
        here.client.patch("/api/v1/tasks/tick", json={"rate": ["1/h", "token"]})
        given = [here.submit("tick", args={"token": "t-123456"}) for _ in range(3)]
        here.drain()
        response = here.get(f"/jobs/{given[2]['id']}?explain=1")
        assert "t-123456" not in response.get_data(as_text=True)
        found = response.get_json()["explain"]
        limit = found["limit"]
        assert limit == {
            "setting": "rate", "kind": "task", "name": "tick", "value": "1/h", "arg": "token",
            "arg_value": "[redacted]", "held": 1, "held_by": [], "opens_at": limit["opens_at"],
        }  # fmt: skip
        assert (found["reason"], found["ahead"]) == ("rate", 1)
        assert found["starts_at"] > limit["opens_at"] > given[0]["created_at"]


@pytest.mark.parametrize("query", ["explain=true", "explain=", "explain=2", "explain=1&explain=1", "why=1"])
def test_a_wrong_parameter_is_400(tmp_path: Path, query: str) -> None:
    """What to write instead is said; `explain` is of one job alone."""
    with api_client(tmp_path) as here:
        job = here.submit()
        is_problem(here.get(f"/jobs/{job['id']}?{query}"), 400, "bad-parameter")
        for path in ("/jobs", f"/jobs/{job['id']}/logs", f"/jobs/{job['id']}/result"):
            is_problem(here.get(f"{path}?explain=1"), 400, "bad-parameter")


def test_the_tag_is_that_of_the_job(tmp_path: Path) -> None:
    """304 while the job itself has not changed, whatever is said of it; no cache keeps what was said."""
    with api_client(tmp_path) as here:
        path = f"/jobs/{here.submit()['id']}"
        plain, explained = here.get(path), here.get(f"{path}?explain=1")
        assert explained.headers["ETag"] == plain.headers["ETag"]
        assert explained.headers["Retry-After"] == plain.headers["Retry-After"]
        assert explained.headers["Cache-Control"] == "no-store"
        tag = {"If-None-Match": plain.headers["ETag"]}
        assert here.get(f"{path}?explain=1", headers=tag).status_code == 304
        assert here.get(f"{path}?explain=1&wait=0", headers=tag).status_code == 304
        here.drain()
        assert here.get(f"{path}?explain=1", headers=tag).status_code == 200


def test_a_wait_is_honoured_before_it_is_explained(tmp_path: Path) -> None:
    """What is said is of the job as it is then."""
    with api_client(tmp_path, engine="thread") as here:
        job = here.submit(delay=0.3)
        with here.app.app_context():
            here.jobs.start()
        response = here.get(f"/jobs/{job['id']}?explain=1&wait=10")
        assert response.headers["Preference-Applied"] == "wait=10"
        shown = response.get_json()
        assert (shown["state"], shown["explain"]) == ("succeeded", dict.fromkeys(KEYS))


def test_an_unknown_job_is_404(tmp_path: Path) -> None:
    """As without it."""
    with api_client(tmp_path) as here:
        is_problem(here.get("/jobs/01890000-0000-7000-8000-000000000000?explain=1"), 404, "not-found")


def test_python_returns_the_same(tmp_path: Path) -> None:
    """A frozen value with the JSON's names, for an id as `get` takes it."""
    with api_client(tmp_path) as here:
        job = here.submit()
        with here.app.app_context():
            found = here.jobs.explain(job["id"])
        assert found.as_dict() == explain(here, job)
        with pytest.raises(AttributeError):
            found.reason = "other"  # type: ignore[misc]
