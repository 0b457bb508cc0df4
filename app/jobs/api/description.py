"""The API's own description, made when somebody asks; nothing is imported for it before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from flask import current_app

from ..config import Settings
from ..errors import ConfigError
from ..service import runtime
from ..tasks.registry import TaskDefinition
from .responses import quoted
from .route import Route

KEY: Final = "simmer.description"
"""The key of an app's Description in `app.extensions`."""


class Description:
    """The OpenAPI document of one app's `routes`, kept until a task is registered."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._made: tuple[Mapping[str, TaskDefinition], dict[str, Any]] | None = None

    def document(self, title: str, tasks: Mapping[str, TaskDefinition], settings: Settings) -> dict[str, Any]:
        """The document, but for its `servers`."""
        made = self._made
        # The registry makes a new mapping for each task that is added.
        if made is None or made[0] is not tasks:
            from .openapi.document import build_document

            needs_token = bool(settings.api_tokens) and settings.auth is None
            document = build_document(self._routes, tasks, title=title, needs_token=needs_token)
            made = self._made = tasks, document
        return made[1]


def describe(script_root: str = "") -> dict[str, Any]:
    """The document of the current app, for clients that reach it below `script_root`.

    Raises ConfigError where the API is switched off.
    """
    here = runtime()
    description = cast(Description | None, current_app.extensions.get(KEY))
    if description is None:
        raise ConfigError("JOBS_API_PREFIX is None: there is no API to describe")
    document = description.document(current_app.name, here.registry.tasks, here.settings)
    return {**document, "servers": [{"url": f"{script_root}{quoted(here.settings.api_prefix or '')}"}]}
