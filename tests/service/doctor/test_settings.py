"""Checks of the settings."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from app.jobs import Simmer

from ...conftest import AppFactory
from .examined import finding, findings


@pytest.mark.parametrize(
    ("config", "level"),
    [
        ({}, "warning"),
        ({"JOBS_API_TOKENS": {"secret-word": ["read"]}}, "serious"),
        ({"JOBS_API_TOKENS": {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": ["read"]}}, "serious"),
        ({"JOBS_API_TOKENS": {secrets.token_urlsafe(): ["read"]}}, "ok"),
        ({"JOBS_AUTH": lambda request, right: True}, "ok"),
    ],
)
def test_who_may_use_the_api(make_app: AppFactory, config: dict[str, Any], level: str) -> None:
    """Open to what looks local is a warning, a token that can be guessed serious; none is ever shown."""
    found = finding(make_app(Simmer(), **config), "access")
    assert found.level == level
    assert not any(token in f"{found}" for token in config.get("JOBS_API_TOKENS", ()))


def test_an_app_without_the_api_has_nobody_to_keep_out(make_app: AppFactory) -> None:
    """There is no finding then."""
    assert findings(make_app(Simmer(), JOBS_API_PREFIX=None), "access") == []


def test_more_threads_than_connections_are_a_warning(make_app: AppFactory) -> None:
    """Of the session of the host."""
    options = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 2, "max_overflow": 1}}
    assert finding(make_app(Simmer(), JOBS_THREADS=3, **options), "connections").level == "ok"
    found = finding(make_app(Simmer(), JOBS_THREADS=4, **options), "connections")
    assert (found.level, found.what.startswith("4 threads share 3 connections")) == ("warning", True)


@pytest.mark.parametrize(("testing", "count"), [(True, 0), (False, 1)])
def test_an_engine_for_tests_is_serious_elsewhere(make_app: AppFactory, testing: bool, count: int) -> None:
    """Jobs would run in the requests that submit them."""
    found = findings(make_app(Simmer(), JOBS_ENGINE="inline", TESTING=testing), "engine")
    assert [each.level for each in found] == ["serious"] * count


def test_settings_that_nothing_reads_are_warnings(make_app: AppFactory) -> None:
    """With the name that was probably meant; what was broken since the start is serious."""
    app = make_app(Simmer(), JOBS_THREAD=3)
    assert "JOBS_THREADS" in finding(app, "settings").what
    app.config["JOBS_THREADS"] = -1
    assert finding(app, "settings").level == "serious"
