"""What this installation is: what is wrong with it, its settings as they are in force, its versions."""

from __future__ import annotations

import platform
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

from werkzeug import Response

from ..config import SECRET_SETTINGS, Settings
from ..service import runtime
from ..service.doctor import examine
from ..service.doctor.examined import Examined
from .rendering import page

PACKAGES: Final = ("Flask-Simmer", "Flask", "SQLAlchemy", "Flask-Executor", "marshmallow")


def show_about() -> Response:
    """`GET /about`: what `doctor` finds, settings with secrets masked, and versions."""
    settings = runtime().settings
    url = runtime().database.engine.url.render_as_string(hide_password=True)
    return page(
        "about.html",
        findings=examine(cast(Examined, runtime())), versions=_versions(), url=url,
        values=[_shown(each.name, getattr(settings, each.name), each.default) for each in fields(Settings)],
    )  # fmt: skip


def _shown(name: str, value: Any, default: Any) -> dict[str, Any]:
    if name in SECRET_SETTINGS and value != default:
        text = f"{len(value)} token{'s' if len(value) != 1 else ''}" if name == "api_tokens" else "set"
    else:
        text = getattr(value, "__qualname__", None) or repr(value)
    return {"key": f"JOBS_{name.upper()}", "value": text, "is_default": value == default}


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:  # copied into a project, not installed
            continue
    return found
