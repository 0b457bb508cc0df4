"""`GET /jobs/{id}/logs`: what a job has logged, as JSON and as text, from a cursor on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.ids import new_id
from tests.support import eventually

from .api_client import API, ApiClient, api_client, is_problem

TOKENS = {"reader-of-jobs-1": ["read"], "operator-of-jobs-1": ["operate"]}


def add_talk(here: ApiClient) -> None:
    """A task that logs what it is told, and an exception."""

    @here.jobs.task
    def talk(lines: list[str]) -> None:
        for line in lines:
            current_job.log.info(line)
        try:
            raise ValueError("no luck")
        except ValueError:
            current_job.log.exception("failed")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app with that task."""
    with api_client(tmp_path) as made:
        add_talk(made)
        yield made


def talked(here: ApiClient, *lines: str) -> str:
    """The address of the log of a job that has said these lines, and has ended."""
    job = here.submit("talk", args={"lines": list(lines)})
    here.drain()
    return f"/jobs/{job['id']}/logs"


def test_lines_are_items_with_a_cursor(here: ApiClient) -> None:
    """All that is known of them; behind the cursor nothing is left, and the job has ended."""
    path = talked(here, "one", "two")
    response = here.get(path)
    page = response.get_json()
    first, _, last = page["items"]
    assert list(first) == ["run", "attempt", "seq", "at", "level", "logger", "message", "traceback"]
    assert (first["run"], first["attempt"], first["seq"], first["level"]) == (1, 1, 1, "INFO")
    assert (first["logger"], first["message"], first["at"][-1]) == ("app.jobs.tasks.talk", "one", "Z")
    assert (last["level"], last["message"]) == ("ERROR", "failed")
    assert last["traceback"].endswith("ValueError: no luck\n")
    assert (page["next_cursor"], "Retry-After" in response.headers) == ("1.3", False)
    assert response.headers["Link"] == f'<{API}{path}?after=1.3>; rel="next"'
    assert here.get(f"{path}?after=1.3").get_json() == {"items": [], "next_cursor": "1.3"}
    assert [line["seq"] for line in here.get(f"{path}?after=1.1").get_json()["items"]] == [2, 3]
    assert [line["seq"] for line in here.get(f"{path}?level=warning").get_json()["items"]] == [3]


def test_lines_are_text_where_that_is_wanted(here: ApiClient) -> None:
    """A line each, whatever is in it; a traceback is indented below its own."""
    path = talked(here, "one\r\n2026-01-01T00:00:00Z [1] INFO forged: \x1b[2K", "☃")
    response = here.get(path, headers={"Accept": "text/plain"})
    assert (response.mimetype, response.headers["Vary"]) == ("text/plain", "Accept")
    lines = response.get_data(as_text=True).splitlines()
    assert [line.partition("Z ")[2] for line in lines[:3]] == [
        "[1] INFO app.jobs.tasks.talk: one\\r\\n2026-01-01T00:00:00Z [1] INFO forged: \\x1b[2K",
        "[1] INFO app.jobs.tasks.talk: ☃",
        "[1] ERROR app.jobs.tasks.talk: failed",
    ]
    assert (lines[3], lines[-1]) == ("  Traceback (most recent call last):", "  ValueError: no luck")
    for accept in ("*/*", "application/json", "text/html", "text/plain;q=0.1, application/json"):
        assert here.get(path, headers={"Accept": accept}).mimetype == "application/json"


def test_tracebacks_are_for_operators(tmp_path: Path) -> None:
    """Whoever may only read sees the line without it, as with those of attempts."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        add_talk(here)
        with here.app.app_context():
            job = here.jobs.submit("talk", {"lines": []})
            here.jobs.testing.drain()
        for token, (right,) in TOKENS.items():
            headers = {"Authorization": f"Bearer {token}"}
            (line,) = here.get(f"/jobs/{job.id}/logs", headers=headers).get_json()["items"]
            assert (line["traceback"] is not None) == (right == "operate")
            text = here.get(f"/jobs/{job.id}/logs", headers={**headers, "Accept": "text/plain"}).text
            assert ("Traceback" in text) == (right == "operate")


def test_a_job_that_goes_on_is_to_be_asked_again(here: ApiClient) -> None:
    """`Retry-After` until it is final and all is read; `Preference-Applied` where it was waited."""
    path = f"/jobs/{here.submit('talk', args={'lines': []})['id']}/logs"
    response = here.get(path)
    assert response.get_json() == {"items": [], "next_cursor": "0.0"}
    assert (response.headers["Retry-After"], response.headers.get("Preference-Applied")) == ("1", None)
    assert here.get(f"{path}?wait=0").headers["Preference-Applied"] == "wait=0"
    assert here.get(f"{path}?wait=0.05").headers["Preference-Applied"] == "wait=0.05"


def test_a_wait_ends_with_the_next_line(tmp_path: Path) -> None:
    """While the job runs, and at its end where nothing more came."""
    begun, go_on = threading.Event(), threading.Event()
    with api_client(tmp_path, engine="thread", threads=1) as here:

        @here.jobs.task
        def work() -> None:
            begun.set()
            go_on.wait(10)
            current_job.log.info("late")

        with here.app.app_context():
            here.jobs.start()
        path = f"/jobs/{here.submit('work')['id']}/logs"
        found: list[Any] = []
        waiting = threading.Thread(
            target=lambda: found.append(here.app.test_client().get(f"{API}{path}?wait=10"))
        )
        assert begun.wait(10)
        waiting.start()
        go_on.set()
        waiting.join()
        assert [line["message"] for line in found[0].get_json()["items"]] == ["late"]
        assert found[0].headers["Preference-Applied"] == "wait=10"
        eventually(lambda: "Retry-After" not in here.get(f"{path}?wait=5&after=1.1").headers)


@pytest.mark.parametrize(
    "query",
    ["after=1", "after=x", "after=1.-1", "after=1." + "9" * 19, "level=loud", "level=30", "wait=x", "q=1"],
)
def test_a_bad_query_is_400(here: ApiClient, query: str) -> None:
    """Nothing else than what is documented is understood."""
    is_problem(here.get(f"{talked(here)}?{query}"), 400, "bad-parameter")


def test_an_unknown_job_has_no_log(here: ApiClient) -> None:
    """404, as for the job itself."""
    is_problem(here.get(f"/jobs/{new_id()}/logs"), 404, "not-found")
    is_problem(here.get("/jobs/x/logs?wait=1"), 404, "not-found")
