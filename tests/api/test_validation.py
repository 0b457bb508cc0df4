"""Query strings that no schema can be asked about."""

from __future__ import annotations

import pytest

from .api_client import API, ApiClient


@pytest.mark.parametrize("path", ["/schedules", "/jobs", "/stats", "/jobs/0193", "/nothing"])
def test_a_query_that_is_no_text_is_refused(untouched: ApiClient, path: str) -> None:
    """Bytes that are not UTF-8 are a problem of the client's, on every route."""
    response = untouched.client.open(API + path, environ_overrides={"QUERY_STRING": "a=\xff"})
    assert response.status_code == (404 if path == "/nothing" else 400)
    assert response.mimetype == "application/problem+json"
