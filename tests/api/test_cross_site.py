"""What a browser sends for another site's page, with the cookies of a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from .api_client import api_client, is_problem


@pytest.mark.parametrize("fetch_site", [None, "same-origin", "none", "same-site", "cross-site", "x"])
def test_a_foreign_page_changes_nothing_with_a_users_cookies(tmp_path: Path, fetch_site: str | None) -> None:
    """What JOBS_AUTH lets in may change state only from a page of its own site; reading is not concerned."""
    headers = {} if fetch_site is None else {"Sec-Fetch-Site": fetch_site}
    with api_client(tmp_path, auth=lambda request, right: True) as here:
        assert here.get("/jobs", headers=headers).status_code == 200
        for path, body in (("/jobs", {"task": "add"}), ("/schedules/hourly/pause", None)):
            response = here.post(path, body, headers=headers)
            if fetch_site in (None, "same-origin", "none"):
                assert response.status_code in (200, 202)
            else:
                is_problem(response, 403, "forbidden")


@pytest.mark.parametrize(
    ("origin", "headers", "is_ours"),
    [
        ("http://localhost", {}, True),
        ("https://LOCALHOST", {}, True),
        ("https://jobs.example", {"X-Forwarded-Host": "jobs.example, inner"}, True),
        ("https://evil.example", {"Sec-Fetch-Site": "same-origin"}, True),
        ("http://evil.example", {}, False),
        ("http://localhost:8080", {}, False),
        ("http://evil.example", {"X-Forwarded-Host": ""}, False),
        ("null", {}, False),
        ("", {}, False),
        ("http://", {}, False),
        ("http://[", {}, False),
    ],
)
def test_a_browser_that_sends_origin_alone_is_told_from_a_program(
    tmp_path: Path, origin: str, headers: dict[str, str], is_ours: bool
) -> None:
    """Over plain HTTP there is no Sec-Fetch-Site: the host of Origin must be that of the request."""
    with api_client(tmp_path, auth=lambda request, right: True) as here:
        response = here.post("/jobs", {"task": "add"}, headers={"Origin": origin, **headers})
        assert response.status_code == (202 if is_ours else 403)
