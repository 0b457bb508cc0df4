"""Where the settings come from and which of them wins."""

from __future__ import annotations

import logging

import pytest

from app.config import ServiceConfigError, check_smtp_url, read_value, unread_variables, with_driver

from .conftest import ServiceFactory


def test_the_environment_goes_before_the_app_and_that_before_the_defaults(
    make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLASK_JOBS_… sets what JOBS_… is in the app."""
    monkeypatch.setenv("FLASK_JOBS_THREADS", "3")
    app = make_service(JOBS_THREADS=5, MAX_UPLOAD_BYTES=10)
    assert app.config["JOBS_THREADS"] == 3
    assert app.config["MAX_UPLOAD_BYTES"] == 10
    assert app.config["SMTP_FROM"] == "newsletter@localhost"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("YES", True),
        ("False", False),
        ("no", False),
        ("None", None),
        ("null", None),
        ("8", 8),
        ('{"token-of-a-reader": ["read"]}', {"token-of-a-reader": ["read"]}),
    ],
)
def test_words_of_the_environment_are_values(text: str, value: object) -> None:
    """Booleans and None in any case, then JSON."""
    assert read_value(text) == value


@pytest.mark.parametrize(("text", "autostart"), [("1", True), ("yes", True), ("0", False), ("NO", False)])
def test_booleans_of_the_package_are_understood(
    make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch, text: str, autostart: bool
) -> None:
    """1 and 0 are booleans where the setting is one."""
    monkeypatch.setenv("FLASK_JOBS_AUTOSTART", text)
    assert make_service().extensions["simmer"].settings.autostart is autostart


def test_a_switched_off_prefix_is_none(make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLASK_JOBS_API_PREFIX=none takes the API away."""
    monkeypatch.setenv("FLASK_JOBS_API_PREFIX", "none")
    assert make_service().test_client().get("/api/v1/tasks").status_code == 404


def test_plain_names_are_read_too(make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMTP_URL and DATABASE_URL need no prefix."""
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example.com")
    assert make_service().config["SMTP_URL"] == "smtp://mail.example.com"


def test_a_variable_that_is_not_read_is_warned_of(
    make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the name that is read; the switch of the test suite is none of ours."""
    monkeypatch.setenv("JOBS_THREADS", "3")
    with caplog.at_level(logging.WARNING):
        make_service()
    assert "JOBS_THREADS is not read: the name is FLASK_JOBS_THREADS" in caplog.text
    assert list(unread_variables({"JOBS_REQUIRE_SERVICES": "1", "FLASK_JOBS_THREADS": "3"})) == []


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("mysql://h/d", "mysql+pymysql://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ],
)
def test_a_database_url_names_the_driver_that_we_install(url: str, used: str) -> None:
    """What hosting services write as DATABASE_URL works as it is."""
    assert with_driver(url) == used


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_a_bad_mail_server_is_refused_at_the_start(url: str) -> None:
    """The message shows what it should look like."""
    with pytest.raises(ServiceConfigError, match="smtp://user:password@host:25"):
        check_smtp_url(url)
