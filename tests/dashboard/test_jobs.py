"""The list of jobs: what it shows, how it is filtered, paged and exported."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..api.api_client import ApiClient
from .browsing import UI, dashboard, page, words


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """A dashboard over a failed job, twelve that succeeded and one that is not due, not to be changed."""
    with dashboard(tmp_path_factory.mktemp("browsed")) as here:
        here.submit("fail", tags=["night"])
        for number in range(12):
            here.submit("add", args={"a": number})
        here.submit("echo", args={"value": "=1+1", "password": "hunter2"})
        here.drain()
        here.submit("add", args={"a": 99}, delay=3600)
        yield here


def test_the_list_shows_every_job_with_its_state_and_arguments(browsed: ApiClient) -> None:
    """Newest first, with what it was called with, why it failed and why it waits."""
    text = words(page(browsed, "/jobs"))
    assert text.index("a=99") < text.index("a=11") < text.index("a=0")
    assert "ValueError: no luck" in text
    assert "due in 59 min" in text or "due in 1 h" in text


def test_secrets_are_redacted(browsed: ApiClient) -> None:
    """The value of a secret argument is nowhere in the page, its titles included."""
    markup = page(browsed, "/jobs")
    assert "[redacted]" in markup
    assert "hunter2" not in markup


def test_tabs_and_filters_are_the_words_of_the_api(browsed: ApiClient) -> None:
    """What narrows GET /jobs narrows the page, and the filter in force is a chip that removes it."""
    assert "a=11" not in words(page(browsed, "/jobs?state=failed"))
    text = words(page(browsed, "/jobs?tag=night"))
    assert "tag:night" in text
    assert "no luck" in text
    assert "a=3" in words(page(browsed, "/jobs?args.a=3"))
    assert "a=4" not in words(page(browsed, "/jobs?args.a=3"))


@pytest.mark.parametrize(
    ("typed", "parameters"),
    [
        ("task:add", "task=add"),
        ("add", "task=add"),
        ("tag:night state:failed", "tag=night&state=failed"),
        ("args.month:2026-11", "args.month=2026-11"),
        ("created>2026-11-01", "created_after=2026-11-01T00:00:00Z"),
        ("finished<2026-11-01T02:00:00Z", "finished_before=2026-11-01T02:00:00Z"),
    ],
)
def test_the_filter_bar_becomes_the_url(browsed: ApiClient, typed: str, parameters: str) -> None:
    """The words that were typed are parameters of the address that the browser is led to."""
    response = browsed.client.get(f"{UI}/jobs", query_string={"find": typed})
    assert response.status_code == 303
    assert response.location.replace("%3A", ":") == f"{UI}/jobs?{parameters}"


def test_the_filter_bar_adds_to_the_filters_in_force(browsed: ApiClient) -> None:
    """What is filtered by already stays, and what is typed twice is there once."""
    response = browsed.client.get(f"{UI}/jobs?state=failed&find=tag:a+tag:a")
    assert response.location == f"{UI}/jobs?state=failed&tag=a"


def test_the_beginning_of_an_id_leads_to_its_job(browsed: ApiClient) -> None:
    """An id that is pasted into the filter bar, whole or its beginning, opens the job."""
    job_id = browsed.get("/jobs?limit=1").get_json()["items"][0]["id"]
    response = browsed.client.get(f"{UI}/jobs?find={job_id}")
    assert response.location == f"{UI}/jobs/{job_id}"


@pytest.mark.parametrize("query", ["find=colour:red", "colour=red", "state=lost", "limit=0", "cursor=x"])
def test_what_is_no_filter_is_said(browsed: ApiClient, query: str) -> None:
    """An unknown word, value or cursor is a page with status 400 or 422, never an empty list."""
    assert browsed.client.get(f"{UI}/jobs?{query}").status_code in (400, 422)


@pytest.mark.parametrize("path", ["/jobs", "/", "/jobs/export", "/schedules", "/sign-in"])
def test_a_query_that_is_no_text_is_said(browsed: ApiClient, path: str) -> None:
    """Bytes that are not UTF-8 are a page with 400, never an error of ours."""
    response = browsed.client.get(UI + path, environ_overrides={"QUERY_STRING": "find=\xff"})
    assert response.status_code == 400


def test_pages_lead_on_by_cursor(browsed: ApiClient) -> None:
    """Every job is on one of the pages, each once; the last page leads no further."""
    path: str | None = "/jobs?limit=5&task=add"
    seen: list[str] = []
    while path is not None:
        markup = page(browsed, path)
        seen += [part.partition('"')[0] for part in markup.split('<tr id="job-')[1:]]
        following = re.search(r'href="([^"]*)" rel="next"', markup)
        path = following[1].removeprefix(UI).replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 13


def test_an_empty_list_says_which_kind_of_empty_it_is(browsed: ApiClient, tmp_path: Path) -> None:
    """Nothing that matches offers to clear the filters; nothing at all shows how to submit."""
    assert "Clear the filters" in words(page(browsed, "/jobs?tag=nowhere"))
    with dashboard(tmp_path) as fresh:
        assert "add.submit(a=1, b=2)" in words(page(fresh, "/jobs"))


def test_the_export_has_what_the_filters_name(browsed: ApiClient) -> None:
    """As CSV and as JSON lines, redacted; a cell that a spreadsheet would run as a formula is quoted."""
    lines = browsed.client.get(f"{UI}/jobs/export?as=json&task=add").get_data(as_text=True).splitlines()
    assert [json.loads(line)["args"]["a"] for line in lines] == [99, *reversed(range(12))]
    response = browsed.client.get(f"{UI}/jobs/export?as=csv")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert len(rows) == 15
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row.values())
    assert "hunter2" not in response.get_data(as_text=True)


def test_a_page_that_has_not_changed_is_304(browsed: ApiClient) -> None:
    """A poll with the tag of what is shown transfers nothing."""
    first = browsed.client.get(f"{UI}/jobs?state=failed")
    again = browsed.client.get(f"{UI}/jobs?state=failed", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_no_page_has_script_or_style_within(browsed: ApiClient) -> None:
    """The policy allows none, and the markup has none: no inline script, style or handler."""
    response = browsed.client.get(f"{UI}/jobs")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    markup = response.get_data(as_text=True)
    assert "<style" not in markup
    assert " style=" not in markup
    assert " onclick" not in markup
    assert "<script>" not in markup


def test_large_arguments_do_not_make_the_list_large(tmp_path: Path) -> None:
    """Fifty rows of 200 KB are cut, in what the pointer shows as well."""
    with dashboard(tmp_path) as here:
        for _ in range(5):
            here.submit("echo", args={"value": "<" * 200_000}, delay=3600)
        assert len(page(here, "/jobs")) < 60_000


def test_an_export_is_sent_as_it_is_read(tmp_path: Path) -> None:
    """A page of jobs at a time is in memory; what is refused is a page, as nothing was sent yet."""
    with dashboard(tmp_path) as here:
        for _ in range(205):
            here.submit("add", delay=3600)
        for kind, lines in (("csv", 206), ("json", 205)):
            response = here.client.get(f"{UI}/jobs/export?as={kind}")
            assert response.is_streamed
            assert len(response.get_data().splitlines()) == lines
        assert here.client.get(f"{UI}/jobs/export?state=x").status_code == 400
