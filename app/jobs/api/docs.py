"""Routes of the API's own description. It is made when somebody asks, and imports nothing before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from flask import Response, current_app, request
from werkzeug.datastructures import Headers

from ..config import Settings
from ..errors import ConfigError
from ..serialization.presenter import dump
from ..service import runtime
from ..tasks.registry import TaskDefinition
from .conditional import etag_headers, is_not_modified
from .requests import refuse_query
from .responses import NO_STORE, FinalResponse, json_response, not_modified, quoted
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


def get_openapi() -> Response:
    """`GET /openapi.json`: this description of the API and its tasks, OpenAPI 3.1; or 304."""
    refuse_query()
    document = describe(request.script_root)
    tag = hashlib.sha256(dump(document)).hexdigest()[:16]
    if is_not_modified(tag):
        return not_modified(etag_headers(tag))
    return json_response(document, headers=etag_headers(tag))


def get_docs() -> Response:
    """`GET /docs`: the same as a page, with a curl line for each route."""
    refuse_query()
    from .openapi.page import POLICY, render_page

    document = describe(request.script_root)
    body = render_page(document, f"{request.host_url.rstrip('/')}{document['servers'][0]['url']}").encode()
    fixed = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
    headers = {**fixed, **NO_STORE, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return FinalResponse([body], 200, Headers(headers))
