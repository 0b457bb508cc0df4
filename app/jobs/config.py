"""The settings of one app, read from `app.config` and checked before anything starts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final

from .checks import TEN_YEARS, Rule, find_zone, text
from .errors import ConfigError

PREFIX: Final = "JOBS_"
ENGINES: Final = ("thread", "inline", "manual")
IN_CALLER: Final = ("inline", "manual")
"""Engines that run jobs in the thread that asks for it: no worker, no ticker."""
ROLES: Final = ("web", "worker", "all")
RIGHTS: Final = ("read", "submit", "operate")
DAY: Final = 86_400.0
LEAST_TOKEN: Final = 8
"""Characters that a token has at least."""
_SECRET: Final = ("api_tokens",)
"""Settings whose values no message shows."""
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ORIGIN: Final = re.compile(
    r"(?!http:.*:80$|https:.*:443$)[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """One attribute for each `JOBS_…` key, in lower case; durations are seconds, sizes bytes."""

    app: str | None = None
    engine: str = "thread"
    role: str = "all"
    autostart: bool = True
    threads: int = 8
    queues: tuple[str, ...] | None = None
    api_prefix: str | None = "/api/v1"
    cli_group: str | None = "jobs"
    api_tokens: Mapping[str, tuple[str, ...]] | None = None
    auth: Callable[[Any, str], bool] | None = None
    cors_origins: tuple[str, ...] | None = None
    shutdown_grace: float = 20.0
    heartbeat_seconds: float = 5.0
    rescue_after: float = 30.0
    stuck_after: float = 30.0
    retention: float = 7 * DAY
    retention_failed: float = 30 * DAY
    max_args_bytes: int = 256 * 1024
    max_result_bytes: int = 1024 * 1024
    max_queued: int = 100_000
    max_wait: float = 25.0
    redact: tuple[str, ...] | None = None
    schedules: bool = True
    timezone: str | None = None
    inline_raises: bool = False
    sqlite_synchronous: str = "FULL"
    database_url: str | None = field(default=None, repr=False)  # has a password
    bind_key: str | None = None

    @property
    def in_caller(self) -> bool:
        """Whether jobs run in the thread that asks for it, for tests: then there is no worker at all."""
        return self.engine in IN_CALLER

    @property
    def runs_jobs(self) -> bool:
        """Whether this process has a pool and a ticker of its own (role worker or all)."""
        return self.role != "web"


def load_settings(config: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The settings in `config` and warnings about keys that nothing reads.

    Raises ConfigError listing all problems at once, each with how to fix it.
    """
    given = {key[len(PREFIX) :].lower(): config[key] for key in config if key.startswith(PREFIX)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if name in given:
            try:
                values[name] = check(given[name])
            except (TypeError, ValueError) as error:
                value = "" if name in _SECRET else f"={given[name]!r}"
                problems.append(f"{PREFIX}{name.upper()}{value}: {error}")
    settings = None if problems else Settings(**values)
    if settings is not None and settings.rescue_after < 2 * settings.heartbeat_seconds:
        problems.append(
            f"JOBS_RESCUE_AFTER={settings.rescue_after:g}: must be at least twice JOBS_HEARTBEAT_SECONDS"
            f" ({settings.heartbeat_seconds:g}), so that one late heartbeat kills nobody"
        )
    if settings is None or problems:
        raise ConfigError("Configuration problems:\n  " + "\n  ".join(problems))
    # Unknown keys are warnings: a config is often shared by releases and processes that know others.
    return settings, [_unknown(name) for name in given if name not in _CHECKS]


def as_boolean(value: Any) -> bool:
    """True, false, 1, 0, yes, no in any case; anything else is a ValueError."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    answer = words.get(str(value).strip().lower())
    if answer is None:
        raise ValueError("say true or false")
    return answer


def _unknown(name: str) -> str:
    near = get_close_matches(name, _CHECKS, n=1)
    hint = f": did you mean {PREFIX}{near[0].upper()}?" if near else ""
    return f"{PREFIX}{name.upper()} is not a setting of Flask-Simmer{hint}"


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"choose one of {', '.join(words)}")
        return str(value)

    return check


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        number = _number(value)
        if number != int(number) or not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(number)

    return check


def _seconds(least: float, most: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        number = _number(value)
        if not least <= number <= most:
            raise ValueError(f"must be a number of seconds from {least:g} to {most:g}")
        return number

    return check


def _number(value: Any) -> float:
    try:
        # float(): the environment gives text. True would be 1, and is a mistake.
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return number


def _is_none(value: Any) -> bool:
    # Text too: FLASK_JOBS_API_PREFIX=none is the only way to say None in the environment.
    return value is None or (isinstance(value, str) and value.strip().lower() in ("none", "null", ""))


def _optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if _is_none(value) else check(value)


def _names(value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Iterable):
        raise ValueError("must be a list of names, or None")
    names = tuple(str(item).strip() for item in items)
    if not names or not all(names):
        raise ValueError("must be a list of names that are not empty, or None")
    return names


def _fits(rule: Rule) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        for _, words in rule.problems(value):
            raise ValueError(words)
        return value

    return check


def _zone(value: Any) -> str:
    name = str(getattr(value, "key", value))
    if find_zone(name) is None:
        raise ValueError("must be the IANA name of a time zone, such as Europe/Helsinki")
    return name


def _prefix(value: Any) -> str:
    text = str(value)
    if not text.startswith("/") or text.endswith("/") or len(text) < 2:
        raise ValueError("must start with / and not end with one, or be None to switch the routes off")
    return text


def _tokens(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise ValueError('must be a dict such as {"<token>": ["read", "submit"]}')
    entries = zip(range(1, len(value) + 1), value.items(), strict=True)
    if found := [words for number, entry in entries for words in _token_problems(number, *entry)]:
        raise ValueError("; ".join(found))
    return {token: tuple(rights) for token, rights in value.items()}


def _token_problems(number: int, token: Any, rights: Any) -> Iterator[str]:
    """What is wrong with an entry, named by its place: a log must not show a token."""
    entry = f"{_ORDINALS[number - 1]} token" if number <= len(_ORDINALS) else f"token {number}"
    if not isinstance(token, str) or len(token) < LEAST_TOKEN or not token.isascii():
        yield f"{entry}: must be a string of at least {LEAST_TOKEN} ASCII characters"
    known = f"its rights are a list of {', '.join(RIGHTS)}"
    if isinstance(rights, str | bytes) or not isinstance(rights, Iterable) or not (given := list(rights)):
        yield f"{entry}: {known}"
        return
    for right in given:
        if right not in RIGHTS:
            # What is as long as a token may be one, in the wrong place.
            shown = f"right {right!r} is" if len(str(right)) < LEAST_TOKEN else "one of its rights is"
            yield f"{entry}, {shown} unknown: {known}"


def _origins(value: Any) -> tuple[str, ...]:
    origins = _names(value)
    for origin in origins:
        # As browsers send it, which is compared: else an origin that is listed would never be let in.
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} must be one origin as browsers send it, such as https://app.example.com:8443:"
                " lower case, no path, no default port, no *"
            )
    return origins


def _callable(value: Any) -> Callable[[Any, str], bool]:
    if not callable(value):
        raise TypeError("must be a callable (request, right) -> bool")
    return value  # type: ignore[no-any-return]


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "app": _optional(_fits(text(200))),
    "engine": _one_of(*ENGINES),
    "role": _one_of(*ROLES),
    "autostart": as_boolean,
    "threads": _whole(1, 1_000),
    "queues": _optional(_names),
    "api_prefix": _optional(_prefix),
    "cli_group": _optional(_fits(text(200))),
    "api_tokens": _optional(_tokens),
    "auth": _optional(_callable),
    "cors_origins": _optional(_origins),
    "shutdown_grace": _seconds(0, 3_600),
    "heartbeat_seconds": _seconds(0.05, 3_600),
    "rescue_after": _seconds(0.1, DAY),
    "stuck_after": _seconds(0, TEN_YEARS),
    "retention": _seconds(0, TEN_YEARS),
    "retention_failed": _seconds(0, TEN_YEARS),
    "max_args_bytes": _whole(64, 64 * 1024 * 1024),
    "max_result_bytes": _whole(64, 256 * 1024 * 1024),
    "max_queued": _whole(1, 100_000_000),
    "max_wait": _seconds(0, 300),
    "redact": _optional(_names),
    "schedules": as_boolean,
    "timezone": _optional(_zone),
    "inline_raises": as_boolean,
    "sqlite_synchronous": _one_of("FULL", "NORMAL", "EXTRA"),
    "database_url": _optional(str),
    "bind_key": _optional(str),
}

# Checked at import: a setting without a check would be ignored.
assert set(_CHECKS) == {field.name for field in fields(Settings)}
