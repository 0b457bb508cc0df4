"""The queues: load, pause, limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..api.api_client import ApiClient
from .browsing import dashboard, page, post, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own."""
    with dashboard(tmp_path) as made:
        yield made


def test_a_queue_is_paused_limited_and_resumed(here: ApiClient) -> None:
    """As the API does it, and the page shows what holds."""
    here.submit("report", args={"month": "2026-11"})
    assert "reports" in words(page(here, "/queues"))
    assert "paused" in words(post(here, "/queues/reports/limit", paused="yes").get_data(as_text=True))
    post(here, "/queues/reports/limit", concurrency="3")
    queue = next(each for each in here.get("/queues").get_json()["items"] if each["name"] == "reports")
    assert (queue["paused"], queue["concurrency"], queue["queued"]) == (True, 3, 1)
    post(here, "/queues/reports/limit", paused="no", concurrency="")
    queue = next(each for each in here.get("/queues").get_json()["items"] if each["name"] == "reports")
    assert (queue["paused"], queue["concurrency"]) == (False, None)


def test_what_is_no_queue_or_limit_is_said(here: ApiClient) -> None:
    """404 for a queue that nothing names, 422 for a limit that is none."""
    assert post(here, "/queues/nowhere/limit", paused="yes").status_code == 404
    assert post(here, "/queues/default/limit", concurrency="0.5").status_code == 422
