"""What none of the routes takes: 404, 405 and OPTIONS, as the API's own answers."""

from __future__ import annotations

from flask import Response, request
from flask.blueprints import BlueprintSetupState
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from .access import OPEN, requires
from .problems import Problem
from .responses import empty

CONVERTER = "simmer_rest"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Rest(BaseConverter):
    """Whatever is left of a path: slashes, line breaks and nothing at all included."""

    regex = r"[\s\S]*"
    part_isolating = False
    weight = 10_000


def add_fallback(state: BlueprintSetupState) -> None:
    """Register the catch-all for every method there is, below the blueprint's prefix and nowhere else."""
    app, prefix = state.app, state.url_prefix or ""
    app.url_map.converters.setdefault(CONVERTER, Rest)
    for path in (prefix, f"{prefix}/<{CONVERTER}:rest>"):
        app.url_map.add(app.url_rule_class(path, endpoint="simmer.fallback", methods=None))
    app.view_functions["simmer.fallback"] = fallback


def fallback(rest: str = "") -> Response:
    """405 where the path is known with another method, else 404; OPTIONS says what there is."""
    if request.method == "OPTIONS" and (allowed := _allowed()):
        return empty(204, {"Allow": ", ".join(allowed)})
    return _refuse()  # type: ignore[return-value]


fallback.right = OPEN  # type: ignore[attr-defined]  # what it shows of the API is in the documentation


@requires("read")
def _refuse() -> Response:
    allowed = _allowed()
    if not allowed:
        raise Problem("not-found", "The API has no such address.")
    detail = f"This address takes {', '.join(allowed)}."
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
