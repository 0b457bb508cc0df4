"""The queues: what waits and runs in each, pause and limit."""

from __future__ import annotations

from flask import request
from werkzeug import Response

from ..api.access import caller
from ..api.requests import queue_name
from ..service import runtime
from .rendering import page, see_other
from .tasks import limit_of


def list_queues() -> Response:
    """`GET /queues`: every queue."""
    return page("queues.html", queues=runtime().queues.all())


def limit_queue(name: str) -> Response:
    """`POST /queues/{name}/limit`: pause, resume, or change how many of its jobs run at a time."""
    form, settings = request.form, {}
    if "paused" in form:
        settings["paused"] = form["paused"] == "yes"
    if "concurrency" in form:
        settings["concurrency"] = limit_of("concurrency", form["concurrency"])
    runtime().queues.update(queue_name(name), settings, caller())
    return see_other("list_queues", notice="limited")
