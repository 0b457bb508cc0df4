"""CORS: the origins whose pages may call the API from a browser, and read its answers (Fetch standard, 3.3).

Never with credentials: a browser sends no cookie along, and a page of another origin needs a token.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flask import Blueprint, Response, request

SENT: Final = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer"
"""Headers that a page may send."""
EXPOSED: Final = (
    "Accept-Patch, Allow, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, Retry-After,"
    " WWW-Authenticate"
)
"""Headers that a page may read."""
PREFLIGHT_SECONDS: Final = "600"


def add_cors(blueprint: Blueprint, origins: Collection[str]) -> None:
    """Let pages of `origins` call every route of `blueprint`; others get no header that lets them."""

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        # To every response, refusals too: a cache must not give one origin's to another.
        response.vary.add("Origin")
        origin = request.environ.get("HTTP_ORIGIN")
        if origin not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.environ:
            # A preflight carries no token: the fallback answers it before any check of access.
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = SENT
            response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        else:
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response
