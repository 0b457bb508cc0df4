"""What can be run: the registered tasks."""

from __future__ import annotations

from flask import Response

from ..errors import UnknownTask
from .problems import Problem
from .requests import refuse_query, runtime
from .responses import answer


def list_tasks() -> Response:
    """`GET /tasks`: every task, by name."""
    refuse_query()
    return answer({"items": runtime().service.tasks()})


def get_task(name: str) -> Response:
    """`GET /tasks/{name}`: one task."""
    refuse_query()
    try:
        return answer(runtime().service.task(name))
    except UnknownTask:
        raise Problem("not-found", "No task has this name.") from None
