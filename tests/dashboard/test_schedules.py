"""The schedules: what the pages tell, and what they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..api.api_client import ApiClient
from .browsing import UI, dashboard, page, post, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own, over the schedule `hourly`."""
    with dashboard(tmp_path) as made:
        yield made


def schedule(here: ApiClient, slug: str = "hourly") -> dict[str, Any]:
    """The schedule as the API shows it."""
    found: dict[str, Any] = here.get(f"/schedules/{slug}").get_json()
    return found


def test_rule_next_fire_time_and_decisions_are_shown(here: ApiClient) -> None:
    """In words, with the next ten fire times, and every decision with its reason; secrets are redacted."""
    post(here, "/schedules/hourly/skip")
    assert "Every hour" in words(page(here, "/schedules"))
    text = words(page(here, "/schedules/hourly"))
    assert "Every hour" in text
    assert "skipped" in text
    assert "[redacted]" in text
    assert "t-1" not in text


def test_pause_resume_and_run_now(here: ApiClient) -> None:
    """Each leads to what it has done: the schedule, or the job."""
    assert "Paused" in words(post(here, "/schedules/hourly/pause").get_data(as_text=True))
    assert schedule(here)["paused"] is True
    post(here, "/schedules/hourly/resume")
    assert schedule(here)["paused"] is False
    response = post(here, "/schedules/hourly/run", follow=False)
    job_id = response.location.removeprefix(f"{UI}/jobs/").partition("?")[0]
    assert here.get(f"/jobs/{job_id}").get_json()["schedule_id"] == "hourly"


def test_delete_asks_first(here: ApiClient) -> None:
    """Nothing is gone before the question was answered."""
    assert "Delete the schedule hourly?" in words(
        post(here, "/schedules/hourly/delete").get_data(as_text=True)
    )
    assert here.get("/schedules/hourly").status_code == 200
    post(here, "/schedules/hourly/delete", confirmed="yes")
    assert here.get("/schedules/hourly").status_code == 404


def test_an_empty_list_shows_how_to_declare_one(here: ApiClient) -> None:
    """With a line of code, and the way to the form."""
    post(here, "/schedules/hourly/delete", confirmed="yes")
    assert "@jobs.schedule" in words(page(here, "/schedules"))


def test_many_schedules_are_paged(here: ApiClient) -> None:
    """Fifty at a time, each once, and what is no number is the first page."""
    with here.app.app_context():
        for number in range(60):
            trigger = {"type": "interval", "hours": 1, "start_at": f"2100-01-01T00:00:{number:02}Z"}
            here.jobs.add_schedule(id=f"s{number:02}", task="tick", trigger=trigger)
    first, second = page(here, "/schedules"), page(here, "/schedules?beyond=50")
    ids = [set(re.findall(r'id="schedule-([^"]+)"', markup)) for markup in (first, second)]
    assert [len(each) for each in ids] == [50, 11]
    assert not ids[0] & ids[1]
    assert "beyond=50" in first
    assert "beyond=" not in second.partition("<main")[2]
    for word in ("x", "-1", "²", "9" * 5_000):
        assert "schedule-hourly" in page(here, f"/schedules?beyond={word}")
    assert "To the first" in page(here, "/schedules?beyond=900")
