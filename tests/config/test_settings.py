"""Settings are checked when the app starts, all of them at once, each problem with how to fix it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from app.jobs.config import load_settings
from app.jobs.errors import ConfigError

BAD: dict[str, tuple[Any, ...]] = {
    "JOBS_ENGINE": ("threads", 7, None),
    "JOBS_ROLE": ("both", "", 1),
    "JOBS_AUTOSTART": ("maybe", 2, None),
    "JOBS_THREADS": (0, -1, 1.5, "x", True, None, float("nan"), 10**400, [8]),
    "JOBS_QUEUES": ([], [""], 7),
    "JOBS_API_PREFIX": ("api", "/api/", "/"),
    "JOBS_CLI_GROUP": (7, "a\n"),
    "JOBS_APP": (7, "x" * 201),
    "JOBS_API_TOKENS": (
        "secret",
        {"short": ["read"]},
        {"long-enough": "read"},
        {"long-enough": ["root"]},
        {"long-enough": {"name": "ada"}},
    ),
    "JOBS_AUTH": ("callable", 1),
    "JOBS_SHUTDOWN_GRACE": (-1, "soon", float("inf")),
    "JOBS_HEARTBEAT_SECONDS": (0, "x"),
    "JOBS_RESCUE_AFTER": (0, 9),
    "JOBS_RETENTION": (-1, "a week"),
    "JOBS_MAX_ARGS_BYTES": (0, "1 MiB"),
    "JOBS_MAX_QUEUED": (0, None),
    "JOBS_FILES": (None, "", 7, "nope://bucket/files", "memory://", "file://files", "://files"),
    "JOBS_MAX_FILE_BYTES": (0, "1 MiB"),
    "JOBS_CORS_ORIGINS": (
        "*",
        ["https://*.example.com"],
        ["https://a.example/"],
        ["a.example"],
        ["https://A.example"],
        ["null"],
        ["https://a.example:443"],
        ["http://a.example:80"],
        [],
        7,
    ),
    "JOBS_WEBHOOK_HOSTS": (
        ["https://a.example"],
        ["a.example:80"],
        ["*.a.example"],
        ["A.example"],
        ["10.0.0.1/8"],
        ["2130706433"],
        ["a..b"],
        [""],
        [],
        "*",
        7,
    ),
    "JOBS_WEBHOOK_SECRET": ("short", 7, "\u00e9" * 20),
    "JOBS_ALERT_URL": ("hooks.example.com", "ftp://a.example/", "http://a:b@c.example/", 7),
    "JOBS_TIMEZONE": ("Mars/Olympus", "localtime", "+02:00", 7),
    "JOBS_SQLITE_SYNCHRONOUS": ("OFF", "full"),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_by_name(key: str, value: Any) -> None:
    """The message names the key and what would be right."""
    with pytest.raises(ConfigError, match=f"{key}.*(must|choose|say|token)"):
        load_settings({key: value})


def test_a_url_of_files_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsspec, or a driver of its, the message says what to install; a password is never shown."""
    with pytest.raises(ConfigError, match="JOBS_FILES: fsspec says: ") as caught:
        load_settings({"JOBS_FILES": "nope://ada:correct-horse@host/files"})
    assert "correct-horse" not in str(caught.value)
    settings, _ = load_settings({"JOBS_FILES": "memory://ada:correct-horse@host/files"})
    assert "correct-horse" not in repr(settings)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ConfigError, match=r"pip install 'Flask-Simmer\[files\]'"):
        load_settings({"JOBS_FILES": "memory://files"})


def test_all_problems_are_reported_at_once() -> None:
    """Nobody fixes one value only to learn of the next."""
    with pytest.raises(ConfigError) as caught:
        load_settings({"JOBS_THREADS": 0, "JOBS_ROLE": "both", "JOBS_AUTH": 1})
    assert all(key in str(caught.value) for key in ("JOBS_THREADS", "JOBS_ROLE", "JOBS_AUTH"))


def test_an_unknown_key_is_warned_of_with_the_right_name() -> None:
    """A misspelt key is not silently ignored."""
    _, warnings = load_settings({"JOBS_THREDS": 4})
    assert warnings == ["JOBS_THREDS is not a setting of Flask-Simmer: did you mean JOBS_THREADS?"]


def test_words_from_an_environment_are_understood() -> None:
    """Numbers, booleans, lists and none as text."""
    given = {
        "JOBS_THREADS": "4",
        "JOBS_AUTOSTART": "No",
        "JOBS_QUEUES": "mail, slow",
        "JOBS_API_PREFIX": "none",
        "JOBS_TIMEZONE": "Europe/Helsinki",
        "JOBS_CORS_ORIGINS": "https://app.example.com, http://localhost:3000",
    }
    settings, _ = load_settings(given)
    assert (settings.threads, settings.autostart, settings.queues) == (4, False, ("mail", "slow"))
    assert (settings.api_prefix, settings.timezone) == (None, "Europe/Helsinki")
    assert settings.cors_origins == ("https://app.example.com", "http://localhost:3000")


TOKENS: list[tuple[Any, str]] = [
    ({"opensesame-1": ["read"], "opensesame-2": ["read"], "opensesame-3": ["read", "admin"]},
     "third token, right 'admin' is unknown: its rights are a list of read, submit, operate"),
    ({"opensesame-1": "read"}, "first token: its rights are a list of read, submit, operate"),
    ({"opensesame-1": []}, "first token: its rights are a list"),
    ({"opensesame-1": None}, "first token: its rights are a list"),
    ({"sesame": ["read"]}, "first token: must be a string of at least 8"),
    ({b"opensesame": ["read"]}, "first token: must be a string"),
    ({"operators": ["opensesame"]}, "first token, one of its rights is unknown"),
    ({f"opensesame-{n}": ["read" if n < 12 else "x"] for n in range(13)}, "token 13, right 'x' is unknown"),
    ({"sesame": ["admin"]}, "first token, right 'admin' is unknown"),
    ({"opensesame": {"name": "ada", "rights": ["root"]}}, "first token, right 'root' is unknown"),
    ({"opensesame": {"name": "ada", "rights": {"read": 1}}}, "first token: its rights are a list"),
    ({"opensesame": {"name": "ada", "right": ["read"]}}, "first token: in place of a list of rights say"),
    ({"opensesame": {"rights": ["read"]}}, "first token: in place of a list of rights say"),
    ({"opensesame": {"name": "", "rights": ["read"]}}, "first token: its name must be a text of 1 to 200"),
    ({"opensesame": {"name": "a\nb", "rights": ["read"]}}, "first token: its name must be a text"),
    ({"opensesame": {"name": 7, "rights": ["read"]}}, "first token: its name must be a text"),
    ("opensesame", "must be a dict"),
    ('{"opensesame": ["read"', "must be a dict"),
]  # fmt: skip


@pytest.mark.parametrize(("tokens", "words"), TOKENS)
def test_no_message_shows_a_token(tokens: Any, words: str) -> None:
    """The key and the entry by its place are named: what is logged at a start is read by many."""
    with pytest.raises(ConfigError) as caught:
        load_settings({"JOBS_API_TOKENS": tokens, "JOBS_THREADS": 0})
    assert "JOBS_API_TOKENS: " in str(caught.value)
    assert "JOBS_THREADS=0: " in str(caught.value)
    assert words in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_whoever_may_be_called_is_sent_what_is_signed() -> None:
    """Hosts without a secret are refused; neither it nor the URL of alerts is shown."""
    with pytest.raises(ConfigError, match="set JOBS_WEBHOOK_SECRET too"):
        load_settings({"JOBS_WEBHOOK_HOSTS": ["a.example"]})
    for key in ("JOBS_WEBHOOK_SECRET", "JOBS_ALERT_URL"):
        with pytest.raises(ConfigError) as caught:
            load_settings({key: "open sesame"})
        assert "sesame" not in str(caught.value)
    settings, _ = load_settings(
        {"JOBS_WEBHOOK_SECRET": "opensesame" * 2, "JOBS_ALERT_URL": "https://a.example/sesame"}
    )
    assert "sesame" not in repr(settings)
