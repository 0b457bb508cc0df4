"""Routes for operators and monitoring: stats, workers, health."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from ..service import runtime
from .access import has_right
from .conditional import etag_headers, is_not_modified
from .long_poll import waiting_slot
from .problems import Problem
from .requests import worker_id
from .responses import json_response, not_modified
from .schemas import StatsQuerySchema
from .validation import read_query, refuse_query

_STATS_QUERY: Final = StatsQuerySchema()


def get_stats() -> Response:
    """`GET /stats`: counts by state, capped, and the age of the backlog; with `window` numbers over time.

    These have an ETag, for clients that poll: 304 where nothing has changed.
    """
    window, here = read_query(_STATS_QUERY)["window"], runtime()
    if window is None:
        return json_response(here.status.stats())
    # Before the numbers: what changes in between is seen by the next request.
    tag = here.overview.change_token()
    if is_not_modified(tag):
        return not_modified(etag_headers(tag))
    return json_response({**here.status.stats(), **here.overview.numbers(window)}, headers=etag_headers(tag))


def list_workers() -> Response:
    """`GET /workers`: the processes that run jobs."""
    refuse_query()
    return json_response({"items": [worker.as_dict() for worker in runtime().status.workers()]})


def list_threads(id: str) -> Response:
    """`GET /workers/{id}/threads`: what its threads do, and where; 503 where it does not answer."""
    refuse_query()
    with waiting_slot() as has_slot:
        if not has_slot:
            raise Problem("unavailable", "In this process too many requests wait for something already.")
        return json_response(runtime().status.threads(worker_id(id)))


def live() -> Response:
    """`GET /health/live`: the process responds; the database is not asked."""
    # A liveness probe that fails restarts the process, which repairs no database.
    return json_response({"status": "ok"})


def ready() -> Response:
    """`GET /health/ready`: 200, or 503 with the failing check; without the right `read` the status alone."""
    ok, checks = runtime().status.ready()
    ok = ok and not runtime().draining
    body: dict[str, Any] = {"status": "ok" if ok else "fail"}
    if has_right("read"):
        if warnings := runtime().status.warnings(checks["database"]["ok"]):
            body["warnings"] = warnings
        body["checks"] = checks | ({"draining": True} if runtime().draining else {})
    return json_response(body, 200 if ok else 503, {} if ok else {"Retry-After": "2"})
