"""The page of a job: what it tells of its life."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs import current_job

from ..api.api_client import ApiClient
from .browsing import UI, dashboard, page, words


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard of its own."""
    with dashboard(tmp_path) as made:
        yield made


def test_a_failed_job_shows_its_error_with_the_frames_of_the_app_first(here: ApiClient) -> None:
    """Frames of libraries are folded away; the frame of the task is open, with its code."""
    job = here.submit("fail")
    here.drain()
    markup = page(here, f"/jobs/{job['id']}")
    text = words(markup)
    assert "ValueError no luck" in text
    assert 'raise ValueError("no luck")' in text
    assert "frames of libraries" in text
    assert text.index("submitted") < text.index("claimed") < text.index("Attempts")


def test_a_job_that_succeeded_shows_result_arguments_and_how_to_repeat_it(here: ApiClient) -> None:
    """Result and arguments, redacted, and a curl command that submits it again."""
    job = here.submit("report", args={"month": "2026-11"})
    here.drain()
    text = words(page(here, f"/jobs/{job['id']}"))
    assert '"api_key": "[redacted]"' in text
    assert "k-123" not in text
    assert "curl -X POST http://localhost/api/v1/jobs" in text
    assert '"queue": "reports"' in text


def test_actions_are_those_that_the_state_allows(here: ApiClient) -> None:
    """A queued job can be cancelled and edited, a final one retried and deleted."""
    job = here.submit("add")
    waiting = page(here, f"/jobs/{job['id']}")
    assert f"{job['id']}/cancel" in waiting
    assert f"{job['id']}/edit" in waiting
    assert f"{job['id']}/retry" not in waiting
    here.drain()
    final = page(here, f"/jobs/{job['id']}")
    assert f"{job['id']}/retry" in final
    assert f"{job['id']}/delete" in final
    assert f"{job['id']}/edit" not in final


def test_a_waiting_job_says_why_and_who_holds_it(here: ApiClient) -> None:
    """The sentence of `explain`, here of a paused queue."""
    job = here.submit("report", args={"month": "2026-11"})
    here.post("/queues/reports/pause")
    assert "the queue 'reports' is paused" in words(page(here, f"/jobs/{job['id']}"))


def test_an_unknown_id_is_a_page_with_404(here: ApiClient) -> None:
    """Never the host's error page, and a way back."""
    assert "To the jobs" in page(here, "/jobs/0193", 404)


def test_what_a_job_says_is_text_never_markup(here: ApiClient) -> None:
    """Arguments, results and errors of any content are escaped."""
    job = here.submit("echo", args={"value": "<script>alert(1)</script><b>"})
    here.drain()
    markup = page(here, f"/jobs/{job['id']}")
    assert "<script>alert" not in markup
    assert "&lt;script&gt;alert(1)" in markup
    assert UI in markup


def test_of_many_runs_the_latest_are_shown(tmp_path: Path) -> None:
    """A job that was retried for weeks has a page of bounded size; the API has the rest."""
    with dashboard(tmp_path) as here:
        job = here.submit("fail")
        for _ in range(60):
            here.drain()
            here.post(f"/jobs/{job['id']}/retry")
        markup = page(here, f"/jobs/{job['id']}")
        assert markup.count('class="attempt"') == 50
        assert 'id="run-60"' in markup
        assert "The latest 100." in words(markup)
        assert len(here.get(f"/jobs/{job['id']}/attempts").get_json()["items"]) == 60


def test_a_long_log_is_paged(tmp_path: Path) -> None:
    """Its last line is reached by the links, which keep the level; a cursor that is none is refused."""
    with dashboard(tmp_path) as here:

        @here.jobs.task
        def talk() -> None:
            for number in range(8_000):
                current_job.log.info("line %d of a long log, which says the same again and again", number)

        job = here.submit("talk")
        here.drain()
        path, pages = f"/jobs/{job['id']}?level=info", []
        while path:
            pages.append(page(here, path))
            found = re.search(r'href="/jobs([^"]+)#logs" rel="next"', pages[-1])
            path = html.unescape(found[1]) if found else ""
            assert not path or "level=info" in path
        assert 2 <= len(pages) < 20
        assert "line 0 of" in pages[0]
        assert "line 7999 of" in pages[-1]
        assert "First lines" in pages[-1]
        page(here, f"/jobs/{job['id']}?after=x", 400)
