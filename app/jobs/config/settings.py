"""The settings of one app, read from `app.config` and checked before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final

from ..checks import HTTP_URL, TEN_YEARS, text
from ..errors import ConfigError
from .checks import (
    TokenHolder,
    as_boolean,
    fits,
    folder,
    function,
    names,
    one_of,
    optional,
    origins,
    prefix,
    seconds,
    secret,
    tokens,
    whole,
    zone,
)  # fmt: skip
from .webhook_hosts import WebhookHosts, webhook_hosts

PREFIX: Final = "JOBS_"
ENGINES: Final = ("thread", "inline", "manual")
IN_CALLER: Final = ("inline", "manual")
"""Engines that run jobs in the thread that asks for it: no worker, no ticker."""
ROLES: Final = ("web", "worker", "all")
DAY: Final = 86_400.0
FILES_FOLDER: Final = "simmer-files"
"""Where files are kept below the instance folder, unless JOBS_FILES says otherwise."""
SECRET_SETTINGS: Final = ("api_tokens", "files", "webhook_secret", "alert_url", "database_url")
"""Settings whose values no message and no page shows; URLs may have a password."""


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
    ui_prefix: str | None = "/jobs"
    ui_readonly: bool = False
    ui_shortcuts: bool = True
    cli_group: str | None = "jobs"
    api_tokens: Mapping[str, TokenHolder] | None = None
    auth: Callable[..., Any] | None = None
    cors_origins: tuple[str, ...] | None = None
    shutdown_grace: float = 20.0
    heartbeat_seconds: float = 5.0
    rescue_after: float = 30.0
    stuck_after: float = 30.0
    retention: float = 7 * DAY
    retention_failed: float = 30 * DAY
    max_args_bytes: int = 256 * 1024
    max_result_bytes: int = 1024 * 1024
    files: str = field(default=FILES_FOLDER, repr=False)
    max_file_bytes: int = 100 * 1024 * 1024
    max_job_files_bytes: int = 1024 * 1024 * 1024
    max_queued: int = 100_000
    max_wait: float = 25.0
    redact: tuple[str, ...] | None = None
    webhook_hosts: WebhookHosts | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    alert_url: str | None = field(default=None, repr=False)  # its path is often a secret
    schedules: bool = True
    timezone: str | None = None
    inline_raises: bool = False
    capture_stdout: bool = False
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
                value = "" if name in SECRET_SETTINGS else f"={given[name]!r}"
                problems.append(f"{PREFIX}{name.upper()}{value}: {error}")
    settings = None if problems else Settings(**values)
    if settings is not None and settings.rescue_after < 2 * settings.heartbeat_seconds:
        problems.append(
            f"JOBS_RESCUE_AFTER={settings.rescue_after:g}: must be at least twice JOBS_HEARTBEAT_SECONDS"
            f" ({settings.heartbeat_seconds:g}), so that one late heartbeat kills nobody"
        )
    if settings is not None and settings.webhook_hosts is not None and settings.webhook_secret is None:
        problems.append("JOBS_WEBHOOK_HOSTS: set JOBS_WEBHOOK_SECRET too, with which what they get is signed")
    if settings is None or problems:
        raise ConfigError("Configuration problems:\n  " + "\n  ".join(problems))
    # Unknown keys are warnings: a config is often shared by releases and processes that know others.
    return settings, [_unknown(name) for name in given if name not in _CHECKS]


def _unknown(name: str) -> str:
    near = get_close_matches(name, _CHECKS, n=1)
    hint = f": did you mean {PREFIX}{near[0].upper()}?" if near else ""
    return f"{PREFIX}{name.upper()} is not a setting of Flask-Simmer{hint}"


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "app": optional(fits(text(200))),
    "engine": one_of(*ENGINES),
    "role": one_of(*ROLES),
    "autostart": as_boolean,
    "threads": whole(1, 1_000),
    "queues": optional(names),
    "api_prefix": optional(prefix),
    "ui_prefix": optional(prefix),
    "ui_readonly": as_boolean,
    "ui_shortcuts": as_boolean,
    "cli_group": optional(fits(text(200))),
    "api_tokens": optional(tokens),
    "auth": optional(function),
    "cors_origins": optional(origins),
    "shutdown_grace": seconds(0, 3_600),
    "heartbeat_seconds": seconds(0.05, 3_600),
    "rescue_after": seconds(0.1, DAY),
    "stuck_after": seconds(0, TEN_YEARS),
    "retention": seconds(0, TEN_YEARS),
    "retention_failed": seconds(0, TEN_YEARS),
    "max_args_bytes": whole(64, 64 * 1024 * 1024),
    "max_result_bytes": whole(64, 256 * 1024 * 1024),
    "files": folder,
    "max_file_bytes": whole(1, 1024**4),
    "max_job_files_bytes": whole(1, 1024**4),
    "max_queued": whole(1, 100_000_000),
    "max_wait": seconds(0, 300),
    "redact": optional(names),
    "webhook_hosts": optional(webhook_hosts),
    "webhook_secret": optional(secret),
    "alert_url": optional(fits(HTTP_URL)),
    "schedules": as_boolean,
    "timezone": optional(zone),
    "inline_raises": as_boolean,
    "capture_stdout": as_boolean,
    "sqlite_synchronous": one_of("FULL", "NORMAL", "EXTRA"),
    "database_url": optional(str),
    "bind_key": optional(str),
}

# Checked at import: a setting without a check would be ignored.
assert set(_CHECKS) == {field.name for field in fields(Settings)}
