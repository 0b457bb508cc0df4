"""A warning at the start where only the look of a request decides who is let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.jobs.process.servers import Serving

from .api_client import api_client

GUNICORN = Serving("gunicorn")


def warnings(folder: Path, caplog: pytest.LogCaptureFixture, serving: Serving, **config: Any) -> list[str]:
    """What is logged when a server starts an app with these settings, twice."""
    settings = {"engine": "thread", "role": "web", **config}
    with api_client(folder, tables=False, **settings) as here:
        here.app.testing = False
        with here.app.app_context():
            for _ in range(2):
                here.jobs.runtime.start(serving)
    return [record.getMessage() for record in caplog.records if "JOBS_API_TOKENS" in record.getMessage()]


def test_an_app_that_serves_without_protection_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A reverse proxy that adds no header looks like a program on this machine."""
    (warning,) = warnings(tmp_path, caplog, GUNICORN)
    assert "JOBS_AUTH" in warning
    assert "reverse proxy that adds no header" in warning


@pytest.mark.parametrize(
    "config", [{"api_tokens": {"token-read": ["read"]}}, {"auth": lambda *_: False}, {"prefix": None}]
)
def test_one_that_is_protected_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, config: dict[str, Any]
) -> None:
    """By a token, a login of its own, or by having no API."""
    assert warnings(tmp_path, caplog, GUNICORN, **config) == []


@pytest.mark.parametrize("server", ["start()", "flask jobs worker"])
def test_a_process_that_serves_no_http_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, server: str
) -> None:
    """Scripts, and workers apart from the web."""
    assert warnings(tmp_path, caplog, Serving(server, answers_http=False)) == []


def test_a_developer_is_not_warned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In debug mode nobody else is served."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert warnings(tmp_path, caplog, GUNICORN) == []
