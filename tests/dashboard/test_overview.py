"""The first page: numbers, health, what runs, fails and fires."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from .browsing import UI, dashboard, page, words


def test_it_shows_states_failures_and_next_fire_times(tmp_path: Path) -> None:
    """Failures are grouped with their number, and lead to their jobs; the next fire time has its rule."""
    with dashboard(tmp_path) as here:
        for _ in range(3):
            here.submit("fail")
        here.submit("add")
        here.drain()
        here.submit("add", delay=60)
        markup = page(here, "/")
        text = words(markup)
        assert "3 failed" in text
        assert "fail 3" in text
        assert "ValueError: no luck" in text
        assert "hourly" in text
        assert "Every hour" in text
        assert f"{UI}/jobs?state=scheduled" in markup


@pytest.mark.parametrize("window", ["1h", "24h", "7d", "nonsense"])
def test_every_window_has_its_chart(tmp_path: Path, window: str) -> None:
    """One bar a step, and a table for who does not see bars; an unknown window is the hour."""
    with dashboard(tmp_path) as here:
        here.submit("add")
        here.drain()
        markup = page(here, f"/?window={window}")
        assert markup.count('<rect class="hit"') == {"24h": 24, "7d": 28}.get(window, 60)
        assert "As a table" in words(markup)


def test_a_bar_leads_to_the_jobs_that_it_stands_for(tmp_path: Path) -> None:
    """From the chart, and from its table, to what ended in that step: none of another one."""
    with dashboard(tmp_path) as here:
        job = here.submit("add")
        here.drain()
        markup = page(here, "/?window=24h")
        paths = [unescape(path) for path in re.findall(r'href="([^"]*finished_before[^"]*)"', markup)]
        assert len(paths) == 2
        assert paths[0] == paths[1]
        assert job["id"] in here.client.get(paths[0]).get_data(as_text=True)
        start = parse_qs(paths[0].partition("?")[2])["finished_after"][0]
        assert job["id"] not in page(here, f"/jobs?finished_before={start}")


def test_failures_say_of_which_time_they_are(tmp_path: Path) -> None:
    """The window of the chart is that of the failures."""
    with dashboard(tmp_path) as here:
        assert "Failures of the last day" in words(page(here, "/?window=24h"))


def test_it_says_what_ready_says(tmp_path: Path) -> None:
    """Without a worker it is no green light."""
    with dashboard(tmp_path, engine="thread", role="web") as here:
        assert "no worker is alive" in words(page(here, "/"))
    (tmp_path / "simmer.db").unlink()
    with dashboard(tmp_path) as fine:
        assert "Ready: jobs are stored and run." in words(page(fine, "/"))
