"""Secrets of schedules: what GET shows may be sent back, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from .api_client import api_client, is_problem, pointers
from .scheduling import NEW, ok, send, shown

SENT = ("task", "args", "trigger", "jitter")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_was_shown_keeps_the_secret(tmp_path: Path, method: str) -> None:
    """The marker at the place of a secret is the secret; one that is sent anew replaces it."""
    with api_client(tmp_path) as here:
        body = {name: value for name, value in shown(here, "hourly").items() if name in SENT}
        assert body["args"]["token"] == "[redacted]"
        ok(send(here, method, "/hourly", {**body, "jitter": 3}))
        with here.app.app_context():
            assert here.jobs.get_schedule("hourly").args == {"value": 1, "token": "t-1"}
        ok(send(here, method, "/hourly", {**body, "args": {"value": 2, "token": "t-2"}}))
        with here.app.app_context():
            assert here.jobs.get_schedule("hourly").args == {"value": 2, "token": "t-2"}


def test_a_marker_without_a_secret_is_422(tmp_path: Path) -> None:
    """In a new schedule, and in one that has no secret there, nothing is stored."""
    with api_client(tmp_path) as here:
        marked = {**NEW, "args": {"token": "[redacted]"}}
        refused = [send(here, "POST", "", marked), send(here, "PUT", "/new", marked)]
        ok(send(here, "PUT", "/plain", NEW), 201)
        refused += [send(here, method, "/plain", marked) for method in ("PUT", "PATCH")]
        for response in refused:
            assert pointers(is_problem(response, 422, "validation")) == {"#/args/token"}
        assert shown(here, "plain")["args"] == {}
