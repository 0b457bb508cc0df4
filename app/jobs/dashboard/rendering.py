"""Pages as responses: what every template gets, and the headers of every page."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Response, redirect, request, url_for
from jinja2 import Environment, FileSystemLoader
from werkzeug import Response as BaseResponse

from ..api.access import caller, has_right
from ..api.sign_in import COOKIE
from ..service import runtime
from . import formatting
from .notices import NOTICES

BLUEPRINT: Final = "simmer_ui"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class Link(NamedTuple):
    """An entry of the navigation: the view that it leads to, and its word."""

    view: str
    label: str
    key: str
    """The second key of its shortcut, after g."""


NAVIGATION: Final = (
    Link("show_overview", "Overview", "o"),
    Link("list_jobs", "Jobs", "j"),
    Link("list_schedules", "Schedules", "s"),
    Link("list_tasks", "Tasks", "t"),
    Link("list_batches", "Batches", "b"),
    Link("list_queues", "Queues", "q"),
    Link("list_workers", "Workers", "w"),
    Link("show_about", "About", "a"),
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """The page made of `template`; 304 where the browser has it already as it is."""
    settings = runtime().settings
    html = _templates().get_template(f"simmer/{template}").render(
        request=request, url_for=url_for,
        path_of=path_of, asset=asset, navigation=NAVIGATION, format=formatting, now=runtime().clock.now(),
        may=cache(may), who=caller(), signed_in=COOKIE in request.cookies, settings=settings,
        notice=_notice(), view=(request.endpoint or "").partition(".")[2],
        **values,
    )  # fmt: skip
    body = html.encode("utf-8", "replace")  # a host may name its users as it likes
    response = Response(body, status, {**HEADERS, "Content-Type": "text/html; charset=utf-8"})
    if status == 200 and request.method in ("GET", "HEAD"):
        # Of what the page says: a page that is polled costs no transfer, and no work in the browser.
        response.set_etag(hashlib.sha256(body).hexdigest()[:24], weak=True)
        response.make_conditional(request)
    return response


def _notice() -> str | None:
    try:
        return NOTICES.get(request.args.get("notice", ""))
    except UnicodeDecodeError:  # of the query string: the page says so
        return None


@cache
def _templates() -> Environment:
    # An environment of our own: that of the app has its templates, options and context processors.
    return Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)


def path_of(view: str, **values: Any) -> str:
    """The path of one of our pages."""
    return url_for(f"{BLUEPRINT}.{view}", **values)


def see_other(view: str, **values: Any) -> BaseResponse:
    """303 to one of our pages, after an action."""
    return redirect(path_of(view, **values), 303)


def asset(name: str) -> str:
    """The path of a static file, which changes with its content."""
    return path_of("static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    content = Path(__file__).with_name("static").joinpath(name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:10]


def may(right: str) -> bool:
    """Whether the visitor's pages show what needs `right`."""
    return has_right(right) and not (right != "read" and runtime().settings.ui_readonly)
