"""`GET /`: the dashboard, the address of the API, its tasks, the latest jobs, and a curl command."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urljoin

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for

from .extensions import jobs

SHOWN: Final = 10
DASHBOARD: Final = "simmer_ui.show_overview"
"""The view of its first page."""
EXAMPLE: Final = {"task": "count", "args": {"to": 50}}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
ALIASES: Final = {"/healthz": "simmer.live", "/readyz": "simmer.ready", "/metrics": "simmer.get_metrics"}
"""Path at the root → the view of the package that answers there."""

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@jobs.requires("read")
def index() -> str:
    """The index page."""
    api = api_address(current_app, request.host_url)
    return render_template(
        "index.html",
        api=api,
        dashboard=url_for(DASHBOARD) if DASHBOARD in current_app.view_functions else None,
        curl=curl_line(api, with_token=bool(current_app.config.get("JOBS_API_TOKENS"))) if api else None,
        tasks=sorted(jobs.registry.tasks.values(), key=lambda task: task.name),
        jobs=jobs.list(limit=SHOWN),
    )


@blueprint.after_app_request
def _secure_pages(response: Response) -> Response:
    if response.mimetype == "text/html":
        for name, value in HEADERS.items():
            # setdefault: a view may have set a policy of its own.
            response.headers.setdefault(name, value)
    return response


def add_aliases(app: Flask) -> None:
    """Serve health and metrics at the root, too."""
    for path, endpoint in ALIASES.items():
        if endpoint in app.view_functions:
            app.add_url_rule(path, endpoint=path.strip("/"), view_func=app.view_functions[endpoint])


def api_address(app: Flask, base: str) -> str | None:
    """The URL of the API below `base`, None if it is switched off."""
    prefix = app.config.get("JOBS_API_PREFIX", "/api/v1")
    return urljoin(base, prefix) if prefix else None


def curl_line(api: str, *, with_token: bool = False) -> str:
    """A shell command that submits a job of five seconds."""
    token = "-H 'Authorization: Bearer <token>' " if with_token else ""
    return f"curl -i {api}/jobs {token}-H 'Content-Type: application/json' -d '{json.dumps(EXAMPLE)}'"
