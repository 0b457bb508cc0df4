"""What this installation is: its settings as they are in force, its versions."""

from __future__ import annotations

import platform
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from werkzeug import Response

from ..config import Settings
from ..service import runtime
from .rendering import page

PACKAGES: Final = ("Flask-Simmer", "Flask", "SQLAlchemy", "Flask-Executor", "marshmallow")


def show_about() -> Response:
    """`GET /about`: settings, with secrets masked, and versions."""
    settings = runtime().settings
    shown = [
        {"key": f"JOBS_{field.name.upper()}", "value": _shown(field.name, getattr(settings, field.name)),
         "is_default": getattr(settings, field.name) == field.default}
        for field in fields(Settings)
    ]  # fmt: skip
    url = runtime().database.engine.url.render_as_string(hide_password=True)
    return page("about.html", values=shown, versions=_versions(), url=url)


def _shown(name: str, value: Any) -> str:
    if name == "api_tokens" and value:
        return f"{len(value)} token{'s' if len(value) != 1 else ''}"
    if name == "database_url" and value:
        return "set"
    return getattr(value, "__qualname__", None) or repr(value)


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:  # copied into a project, not installed
            continue
    return found
