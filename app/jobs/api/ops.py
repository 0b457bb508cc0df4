"""For operators and their monitors: numbers, workers, health."""

from __future__ import annotations

from typing import Any

from flask import Response

from ..service import runtime
from .access import may
from .requests import refuse_query
from .responses import answer


def get_stats() -> Response:
    """`GET /stats`: counts by state, capped, and how old the backlog is."""
    refuse_query()
    return answer(runtime().status.stats())


def list_workers() -> Response:
    """`GET /workers`: the processes that run jobs."""
    refuse_query()
    return answer({"items": [worker.as_dict() for worker in runtime().status.workers()]})


def live() -> Response:
    """`GET /health/live`: the process answers; nothing is asked of the database."""
    return answer({"status": "ok"})


def ready() -> Response:
    """`GET /health/ready`: 200, or 503 with what fails; the status alone for callers without rights."""
    ok, checks = runtime().status.ready()
    ok = ok and not runtime().draining
    body: dict[str, Any] = {"status": "ok" if ok else "fail"}
    if may("read"):
        body["checks"] = checks | ({"draining": True} if runtime().draining else {})
    return answer(body, 200 if ok else 503, {} if ok else {"Retry-After": "2"})
