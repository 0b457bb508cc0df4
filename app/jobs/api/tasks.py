"""Routes of the registered tasks."""

from __future__ import annotations

from flask import Response

from ..errors import UnknownTask
from ..service import runtime
from .problems import Problem
from .requests import refuse_query
from .responses import json_response


def list_tasks() -> Response:
    """`GET /tasks`: every task, by name."""
    refuse_query()
    return json_response({"items": runtime().status.tasks()})


def get_task(name: str) -> Response:
    """`GET /tasks/{name}`: one task."""
    refuse_query()
    try:
        return json_response(runtime().status.task(name))
    except UnknownTask:
        raise Problem("not-found", "No task has this name.") from None
