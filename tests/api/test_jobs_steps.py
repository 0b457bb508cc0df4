"""`GET /jobs/{id}/steps`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs import current_job

from .api_client import ApiClient, api_client, is_problem


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiClient]:
    """An app whose jobs run on demand."""
    with api_client(tmp_path) as made:
        yield made


def test_steps_are_shown_with_their_secrets_covered(api: ApiClient) -> None:
    """Times, names, the run, results; a step's name counts as a key; long results are left out."""

    @api.jobs.task
    def work() -> None:
        current_job.step("rows", lambda: {"count": 3, "api_key": "k-1"})
        current_job.step("fetch token", str, "t-1")
        current_job.step("page", lambda: "x" * 3_000)
        current_job.sleep(3_600)

    job_id = api.submit("work")["id"]
    api.drain()
    answer = api.get(f"/jobs/{job_id}/steps")
    assert answer.status_code == 200
    items = {item["name"]: item for item in answer.get_json()["items"]}
    assert list(items) == ["fetch token", "page", "rows", "1"]
    assert items["rows"] == {
        "name": "rows", "kind": "step", "state": "succeeded", "run": 1,
        "result": {"count": 3, "api_key": "[redacted]"}, "started_at": items["rows"]["started_at"],
        "finished_at": items["rows"]["finished_at"], "truncated": [],
    }  # fmt: skip
    assert items["rows"]["started_at"].endswith("Z")
    assert items["fetch token"]["result"] == "[redacted]"
    assert (items["page"]["result"], items["page"]["truncated"]) == (None, ["result"])
    sleep = items["1"]
    assert (sleep["kind"], sleep["state"], sleep["result"]) == ("sleep", "sleeping", None)


def test_a_job_without_steps_has_none(api: ApiClient) -> None:
    """An empty list; an unknown job is 404, a query is refused."""
    job_id = api.submit()["id"]
    assert api.get(f"/jobs/{job_id}/steps").get_json() == {"items": []}
    is_problem(api.get("/jobs/00000000-0000-7000-8000-000000000000/steps"), 404, "not-found")
    is_problem(api.get(f"/jobs/{job_id}/steps?x=1"), 400, "bad-parameter")
