"""Conditional requests: 304 for what a client has, 412 for a write to what has changed since it looked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from app.jobs.store import queries, schedules

from .api_client import API, ApiClient, api_client, is_problem
from .scheduling import NEW, advance, made, ok, send, shown

LATE = 0.1
"""Seconds for the other change, which takes a few milliseconds where nothing holds it up."""
OLD = 'W/"0123456789abcdef.0123456789abcdef"'
WRITES: list[tuple[str, str, Any, int]] = [
    ("PUT", "/s", NEW, 200),
    ("PATCH", "/s", {"jitter": 2}, 200),
    ("PATCH", "/s", {"paused": True}, 200),
    ("POST", "/s/pause", None, 200),
    ("POST", "/s/resume", None, 200),
    ("POST", "/s/skip", None, 200),
    ("DELETE", "/s", None, 204),
]


def tag(here: ApiClient, path: str = "/schedules/s") -> str:
    """The ETag of what is there."""
    return str(here.get(path).headers["ETag"])


@pytest.mark.parametrize(("method", "path", "body", "status"), WRITES, ids=str)
def test_a_write_to_a_schedule_honours_if_match(
    tmp_path: Path, method: str, path: str, body: Any, status: int
) -> None:
    """412 for a tag of before and nothing done; done for the present one, in a list too, and for any."""
    with api_client(tmp_path) as here:
        before = made(here)
        refused = send(here, method, path, body, headers={"If-Match": OLD})
        is_problem(refused, 412, "precondition-failed")
        is_problem(send(here, method, path, body, headers={"If-None-Match": "*"}), 412, "precondition-failed")
        assert shown(here) == before
        for named in ("{old}, {now}", "*", "{strong}"):
            now = tag(here)
            sent = named.format(old=OLD, now=now, strong=now.removeprefix("W/"))
            response = send(here, method, path, body, headers={"If-Match": sent})
            assert response.status_code == status
            if status == 204:
                made(here)
            else:
                assert response.headers["ETag"] == tag(here)


def test_put_makes_or_replaces_as_the_client_says(tmp_path: Path) -> None:
    """`If-None-Match: *` only creates, `If-Match: *` only replaces."""
    with api_client(tmp_path) as here:
        missing = send(here, "PUT", "/s", NEW, headers={"If-Match": "*"})
        is_problem(missing, 412, "precondition-failed")
        created = send(here, "PUT", "/s", NEW, headers={"If-None-Match": "*"})
        assert (created.status_code, created.headers["ETag"]) == (201, tag(here))
        again = send(here, "PUT", "/s", {**NEW, "jitter": 9}, headers={"If-None-Match": "*"})
        is_problem(again, 412, "precondition-failed")
        assert shown(here)["jitter"] == 0
        assert ok(send(here, "PUT", "/s", {**NEW, "jitter": 9}, headers={"If-Match": "*"}))["jitter"] == 9


@pytest.mark.parametrize("sent", ['""', 'W/""', 'W/"", "1m"', ",", ""])
def test_an_empty_tag_is_one_that_nothing_has(tmp_path: Path, sent: str) -> None:
    """It is valid (RFC 9110, 8.8.3), in a list too: 412."""
    with api_client(tmp_path) as here:
        made(here)
        is_problem(here.post("/schedules/s/pause", headers={"If-Match": sent}), 412, "precondition-failed")
        assert here.post("/schedules/s/pause", headers={"If-None-Match": sent}).status_code == 200


def test_what_is_not_there_is_404_whatever_is_required(tmp_path: Path) -> None:
    """As without a precondition (RFC 9110, 13.2.1)."""
    with api_client(tmp_path) as here:
        for method, path, body, _ in WRITES[1:]:
            response = send(here, method, path, body, headers={"If-Match": OLD})
            is_problem(response, 404, "not-found")


def test_a_fire_is_no_conflict_but_shows_in_the_tag(tmp_path: Path) -> None:
    """A GET with the tag is 304 until something shown changes; a write asks for what people have changed."""
    with api_client(tmp_path) as here:
        made(here)
        seen = tag(here)
        unchanged = send(here, "GET", "/s", headers={"If-None-Match": seen})
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", seen)
        advance(here, 10)
        assert send(here, "GET", "/s", headers={"If-None-Match": seen}).status_code == 200
        ok(send(here, "PATCH", "/s", {"args": {"value": 4}}, headers={"If-Match": seen}))
        is_problem(send(here, "DELETE", "/s", headers={"If-Match": seen}), 412, "precondition-failed")


def test_two_people_do_not_skip_twice(tmp_path: Path) -> None:
    """Who has seen the fire time that the other one has skipped is refused."""
    with api_client(tmp_path) as here:
        made(here)
        seen = tag(here)
        advance(here, 1)
        ok(send(here, "POST", "/s/skip", headers={"If-Match": seen}))
        is_problem(send(here, "POST", "/s/skip", headers={"If-Match": seen}), 412, "precondition-failed")


@pytest.mark.parametrize(
    ("method", "act", "status", "is_final"),
    [("POST", "/cancel", 200, False), ("POST", "/retry", 202, True), ("DELETE", "", 204, True)],
)
def test_a_write_to_a_job_honours_if_match(
    tmp_path: Path, method: str, act: str, status: int, is_final: bool
) -> None:
    """412 before anything is done, 404 where there is no job; done for the version that is there."""
    with api_client(tmp_path) as here:
        path = f"/jobs/{here.submit()['id']}"
        seen = tag(here, path)
        if is_final:
            here.drain()
            stale = here.client.open(API + path + act, method=method, headers={"If-Match": seen})
            is_problem(stale, 412, "precondition-failed")
        excluded = here.client.open(API + path + act, method=method, headers={"If-None-Match": "*"})
        is_problem(excluded, 412, "precondition-failed")
        headers = {"If-Match": tag(here, path)}
        assert here.client.open(API + path + act, method=method, headers=headers).status_code == status
        unknown = f"{API}/jobs/01a219ca-1ea3-7c87-9aab-c2aec5f97b4a{act}"
        is_problem(here.client.open(unknown, method=method, headers=headers), 404, "not-found")


def write_while(
    here: ApiClient, look: Any, other: Callable[[], Any], write: Callable[[], Any], patch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    """The responses of `write` and of `other`, which begins between the look of `write` and its change."""
    module, name = look
    real, found = getattr(module, name), []
    thread = threading.Thread(target=lambda: found.append(other()))

    def look_and_be_late(*args: Any, **kwargs: Any) -> Any:
        patch.undo()
        seen = real(*args, **kwargs)
        thread.start()
        thread.join(LATE)
        return seen

    patch.setattr(module, name, look_and_be_late)
    response = write()
    thread.join()
    return response, found[0]


def test_of_two_writes_with_one_tag_the_later_is_refused(
    tmp_path: Path, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes between the check of a tag and the change."""
    with api_client(tmp_path, url=url) as here:
        made(here)
        headers, other = {"If-Match": tag(here)}, here.app.test_client()
        mine, its = write_while(
            here, (schedules, "get"),
            lambda: other.patch(f"{API}/schedules/s", json={"jitter": 7}, headers=headers),
            lambda: send(here, "PUT", "/s", {**NEW, "jitter": 3}, headers=headers), monkeypatch,
        )  # fmt: skip
        assert ok(mine)["jitter"] == shown(here)["jitter"] == 3
        is_problem(its, 412, "precondition-failed")
        path = f"/jobs/{here.submit()['id']}"
        headers = {"If-Match": tag(here, path)}
        mine, its = write_while(
            here, (queries, "locked_stamp"),
            lambda: other.post(f"{API}{path}/cancel", headers=headers),
            lambda: here.post(f"{path}/cancel", headers=headers), monkeypatch,
        )  # fmt: skip
        assert (mine.status_code, its.status_code) == (200, 412)


def test_a_put_keeps_the_secret_that_is_stored_when_it_writes(
    tmp_path: Path, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is changed between its look and its writing is not undone."""
    with api_client(tmp_path, url=url) as here:
        body = {**NEW, "args": {"value": 1, "token": "[redacted]"}}
        other, change = here.app.test_client(), {"args": {"value": 1, "token": "t-2"}}
        mine, its = write_while(
            here, (schedules, "get"),
            lambda: other.patch(f"{API}/schedules/hourly", json=change),
            lambda: send(here, "PUT", "/hourly", body), monkeypatch,
        )  # fmt: skip
        assert (mine.status_code, its.status_code) == (200, 200)
        with here.app.app_context():
            assert here.jobs.get_schedule("hourly").args["token"] == "t-2"
