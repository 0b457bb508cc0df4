"""CORS: pages of the origins that are listed may call the API with a token; all others may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from .api_client import API, ApiClient, api_client, is_problem

PAGE = "https://app.example.com"
TOKEN = {"Authorization": "Bearer token-operate"}
FROM_PAGE = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}


@contextmanager
def open_to(folder: Path, *origins: str, **config: Any) -> Iterator[ApiClient]:
    """A client of an app whose API is open to these origins, with a token."""
    config = {"api_tokens": {"token-operate": ["operate"]}, "cors_origins": origins, **config}
    with api_client(folder, **config) as here:
        yield here


def preflight(here: ApiClient, path: str, method: str, origin: str = PAGE) -> TestResponse:
    """What a browser asks before it sends a request that needs permission."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
        "Sec-Fetch-Site": "cross-site",
    }
    return here.client.open(API + path, method="OPTIONS", headers=headers)


def cors(response: TestResponse) -> dict[str, str]:
    """Its headers about origins."""
    return {name: value for name, value in response.headers if name.startswith("Access-Control-")}


def words(text: str) -> set[str]:
    """The items of a header's list."""
    return {word.strip() for word in text.split(",")}


def test_a_listed_page_submits_and_reads(tmp_path: Path) -> None:
    """Its preflight is answered without a token, and every header of the API can be sent and read."""
    with open_to(tmp_path, "https://other.example", PAGE) as here:
        asked = preflight(here, "/jobs", "POST")
        assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
        assert "POST" in words(asked.headers["Access-Control-Allow-Methods"])
        assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"} <= words(
            asked.headers["Access-Control-Allow-Headers"]
        )
        made = here.post("/jobs", {"task": "add"}, headers={**TOKEN, **FROM_PAGE})
        assert (made.status_code, made.headers["Access-Control-Allow-Origin"]) == (202, PAGE)
        exposed = words(made.headers["Access-Control-Expose-Headers"])
        assert {
            "Location", "ETag", "Retry-After", "Link", "Idempotency-Replayed", "Preference-Applied"
        } <= exposed  # fmt: skip
        assert "Origin" in words(made.headers["Vary"])
        assert "Access-Control-Allow-Credentials" not in {**cors(asked), **cors(made)}


def test_what_goes_wrong_can_be_read_too(tmp_path: Path) -> None:
    """Refusals, 304 and unknown paths have the headers, so that a page can show why."""
    with open_to(tmp_path, PAGE) as here:
        tag = here.get("/schedules/hourly", headers=TOKEN).headers["ETag"]
        for path, headers, status in (
            ("/jobs", {}, 401),
            ("/jobs?colour=red", TOKEN, 400),
            ("/nowhere", TOKEN, 404),
            ("/schedules/hourly", {**TOKEN, "If-None-Match": tag}, 304),
        ):
            response = here.get(path, headers={**headers, **FROM_PAGE})
            assert response.status_code == status
            assert response.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{PAGE}.evil.example", f"{PAGE}:8443", "http://app.example.com"],
)
def test_other_pages_get_nothing(tmp_path: Path, origin: str) -> None:
    """No header that lets a browser through; `Vary` keeps caches from mixing answers up."""
    with open_to(tmp_path, PAGE) as here:
        found = here.get("/jobs", headers={**TOKEN, "Origin": origin})
        for response in (preflight(here, "/jobs", "POST", origin), found):
            assert cors(response) == {}
            assert "Origin" in words(response.headers["Vary"])


def test_it_is_off_by_default(tmp_path: Path) -> None:
    """Not even `Vary` is there."""
    with open_to(tmp_path, cors_origins=None) as here:
        for response in (preflight(here, "/jobs", "POST"), here.get("/jobs", headers=TOKEN)):
            assert cors(response) == {}
            assert "Vary" not in response.headers


def test_an_origin_alone_opens_nothing(tmp_path: Path) -> None:
    """Without tokens a page of another origin is refused, listed or not."""
    with open_to(tmp_path, PAGE, api_tokens=None) as here:
        is_problem(here.get("/jobs", headers={"Origin": PAGE}), 403, "forbidden")
        is_problem(here.post("/jobs", {"task": "add"}, headers=FROM_PAGE), 403, "forbidden")


def test_with_a_login_of_the_host_a_page_needs_a_token(tmp_path: Path) -> None:
    """What JOBS_AUTH lets in by a Bearer token may be a listed page; a cookie from there may not."""
    let_in = {"auth": lambda request, right: True, "api_tokens": None}
    with open_to(tmp_path, PAGE, **let_in) as here:
        sent: dict[str, str] = {"Authorization": "Bearer of-the-host", **FROM_PAGE}
        assert here.post("/jobs", {"task": "add"}, headers=sent).status_code == 202
        foreign = {**sent, "Origin": "https://evil.example"}
        cookie = {"Cookie": "session=1", **FROM_PAGE}
        for headers in (foreign, cookie, {"Authorization": "Basic YTpi", **FROM_PAGE}):
            is_problem(here.post("/jobs", {"task": "add"}, headers=headers), 403, "forbidden")
