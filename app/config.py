"""The settings of the service: defaults, then `create_app(config)`, then the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask

ENVIRONMENT_PREFIX: Final = "FLASK"
PLAIN_NAMES: Final = {"DATABASE_URL": "SQLALCHEMY_DATABASE_URI", "SMTP_URL": "SMTP_URL"}
"""Environment variables that are read without the prefix, and the key that each one sets."""
TEST_ONLY_VARIABLES: Final = frozenset({"JOBS_REQUIRE_SERVICES"})
LITERALS: Final[dict[str, bool | None]] = {
    "true": True,
    "yes": True,
    "false": False,
    "no": False,
    "null": None,
    "none": None,
}
DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
}
"""The scheme of a database URL → dialect and driver, for the drivers that the extras install."""
SMTP_SCHEMES: Final = ("smtp", "smtps", "smtp+starttls")


class ServiceConfigError(ValueError):
    """A setting of the service is invalid; the message names it and how to fix it."""


def load(app: Flask, given: Mapping[str, Any] | None) -> None:
    """Fill `app.config`; raises ServiceConfigError."""
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI="sqlite:///service.db",
        UPLOAD_FOLDER=str(Path(app.instance_path) / "uploads"),
        MAX_UPLOAD_BYTES=256 * 1024 * 1024,
        SMTP_URL=None,
        SMTP_FROM="newsletter@localhost",
    )
    app.config.from_mapping(given or {})
    app.config.from_prefixed_env(ENVIRONMENT_PREFIX, loads=read_value)
    for variable, key in PLAIN_NAMES.items():
        if os.environ.get(variable):
            app.config[key] = os.environ[variable]
    app.config["SQLALCHEMY_DATABASE_URI"] = with_driver(str(app.config["SQLALCHEMY_DATABASE_URI"]))
    check_smtp_url(app.config["SMTP_URL"])
    for note in unread_variables(os.environ):
        app.logger.warning(note)


def read_value(text: str) -> Any:
    """The value of an environment variable: true, yes, none and so on in any case, or JSON.

    Raises ValueError for other text, which Flask then keeps as it is.
    """
    word = text.strip().lower()
    return LITERALS[word] if word in LITERALS else json.loads(text)


def with_driver(url: str) -> str:
    """`url` with the driver that the extras install, where it names none."""
    # SQLAlchemy's own defaults are drivers that no extra installs; "postgres" is what hosters still give.
    scheme, separator, rest = url.partition("://")
    return DRIVERS.get(scheme, scheme) + separator + rest


def check_smtp_url(url: str | None) -> None:
    """Raise ServiceConfigError unless `url` is None or names a mail server."""
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname:
        raise ServiceConfigError(
            f"SMTP_URL must look like smtp://user:password@host:25 (or {' or '.join(SMTP_SCHEMES[1:])})"
        )


def unread_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """A note for each variable that misses the prefix, and so is not read."""
    for name in sorted(environment):
        if name.startswith("JOBS_") and name not in TEST_ONLY_VARIABLES:
            yield f"the environment variable {name} is not read: the name is {ENVIRONMENT_PREFIX}_{name}"
