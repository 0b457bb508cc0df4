"""Actions on many jobs at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..api.api_client import ApiClient
from .browsing import dashboard, page, post, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard over three failed jobs and a queued one."""
    with dashboard(tmp_path) as made:
        for _ in range(3):
            made.submit("fail")
        made.drain()
        made.submit("add")
        yield made


def states(here: ApiClient) -> list[str]:
    """The states of all jobs, sorted."""
    return sorted(job["state"] for job in here.get("/jobs").get_json()["items"])


def test_ticked_jobs_are_asked_about_and_then_acted_on(here: ApiClient) -> None:
    """The question has the number; only the confirmed form changes something."""
    ids = [job["id"] for job in here.get("/jobs?state=failed&limit=2").get_json()["items"]]
    asked = post(here, "/jobs/bulk", action="retry", id=ids, query="state=failed")
    assert "Retry 2 jobs?" in words(asked.get_data(as_text=True))
    assert states(here) == ["failed", "failed", "failed", "queued"]
    done = post(here, "/jobs/bulk", action="retry", id=ids, query="state=failed", confirmed="yes")
    assert "Applied to the jobs" in words(done.get_data(as_text=True))
    assert states(here) == ["failed", "queued", "queued", "queued"]


def test_all_that_match_are_those_of_the_filters_not_of_the_page(here: ApiClient) -> None:
    """With that box ticked the filters of the list say which, and nothing else is touched."""
    form: dict[str, Any] = {"action": "delete", "all": "yes", "query": "state=failed&limit=1"}
    assert "Delete 3 jobs?" in words(post(here, "/jobs/bulk", form).get_data(as_text=True))
    post(here, "/jobs/bulk", form, confirmed="yes")
    assert states(here) == ["queued"]


def test_what_the_state_does_not_allow_is_counted_and_left_alone(here: ApiClient) -> None:
    """The question says how many of the named jobs the action does not fit."""
    form: dict[str, Any] = {"action": "cancel", "all": "yes", "query": "task=add&task=fail"}
    text = words(post(here, "/jobs/bulk", form).get_data(as_text=True))
    assert "Cancel 1 job?" in text
    assert "Jobs with task:add task:fail" in text
    assert "Of 4 jobs; the state of the other 3 does not allow it" in text


def test_a_question_does_not_refresh_itself(here: ApiClient) -> None:
    """It answers a POST: its address has no page, and asking for one told of a lost connection."""
    asked = post(here, "/jobs/bulk", action="retry", all="yes", query="state=failed").get_data(as_text=True)
    assert 'data-live="off"' in asked
    assert 'data-live="off"' not in page(here, "/jobs")


@pytest.mark.parametrize(
    "form",
    [
        {"action": "explode", "all": "yes", "query": "state=failed"},
        {"action": "delete"},
        {"action": "delete", "all": "yes", "query": ""},
        {"action": "delete", "all": "yes", "query": "colour=red"},
        {"action": "delete", "id": "x"},
    ],
)
def test_what_names_nothing_does_nothing(here: ApiClient, form: dict[str, Any]) -> None:
    """No action without a selection: neither an empty form nor an unknown filter means all jobs."""
    assert post(here, "/jobs/bulk", form, confirmed="yes").status_code in (400, 422)
    assert states(here) == ["failed", "failed", "failed", "queued"]
