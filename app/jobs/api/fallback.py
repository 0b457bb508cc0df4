"""Requests that no route matches: 404, 405 and OPTIONS, as the API's own responses."""

from __future__ import annotations

from flask import Response, request
from flask.blueprints import BlueprintSetupState
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from .access import OPEN, requires
from .problems import Problem
from .requests import ACCEPT_PATCH
from .responses import empty_response

CONVERTER = "simmer_rest"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Rest(BaseConverter):
    """The rest of a path, with slashes and line breaks; may be empty."""

    # Werkzeug's `path` converter takes neither an empty rest nor a line break.

    regex = r"[\s\S]*"
    part_isolating = False
    weight = 10_000


def add_fallback(state: BlueprintSetupState) -> None:
    """Register the catch-all for every method, below the blueprint's prefix only."""
    app, prefix = state.app, state.url_prefix or ""
    app.url_map.converters.setdefault(CONVERTER, Rest)
    # The batch as well: else its other methods would be those of a job with the id "batch".
    for path in (f"{prefix}/jobs/batch", prefix, f"{prefix}/<{CONVERTER}:rest>"):
        # Not add_url_rule, for which None means GET: here it is every method, those unknown to HTTP too.
        app.url_map.add(app.url_rule_class(path, endpoint="simmer.fallback", methods=None))
    app.view_functions["simmer.fallback"] = fallback


def fallback(rest: str = "") -> Response:
    """405 where the path has a route with another method, else 404; OPTIONS lists the methods."""
    if request.method == "OPTIONS" and (allowed := _allowed()):
        patch = {"Accept-Patch": ACCEPT_PATCH} if "PATCH" in allowed else {}
        return empty_response(204, {"Allow": ", ".join(allowed), **patch})
    return _refuse()  # type: ignore[return-value]


fallback.right = OPEN  # type: ignore[attr-defined]  # it shows nothing that the documentation does not


# Without credentials every path looks the same: 401 or 403 says nothing about which exist.
@requires("read")
def _refuse() -> Response:
    allowed = _allowed()
    if not allowed:
        raise Problem("not-found", "The API has no such path.")
    detail = f"This path takes {', '.join(allowed)}."
    raise Problem("method-not-allowed", detail, headers={"Allow": ", ".join(allowed)})


def _allowed() -> list[str]:
    """The methods that routes other than the fallback take for the requested path."""
    found = [method for method in METHODS if _endpoint(method) != "simmer.fallback"]
    return [*found, "OPTIONS"] if found else []


def _endpoint(method: str) -> str:
    adapter = request_ctx.url_adapter
    try:
        rule, _ = adapter.match(method=method, return_rule=True) if adapter else (request.url_rule, {})
    except HTTPException:
        return "simmer.fallback"
    return rule.endpoint if rule else "simmer.fallback"
