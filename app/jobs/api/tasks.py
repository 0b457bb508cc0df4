"""Routes of the registered tasks."""

from __future__ import annotations

from typing import Final

from flask import Response

from ..errors import UnknownTask
from ..service import runtime
from .access import caller
from .problems import Problem
from .requests import read_patch
from .responses import json_response
from .schemas import TaskSchema
from .validation import load_body, refuse_query

MAX_BYTES: Final = 16 * 1024

_SETTINGS: Final = TaskSchema()


def list_tasks() -> Response:
    """`GET /tasks`: every task, by name."""
    refuse_query()
    return json_response({"items": runtime().tasks.all()})


def get_task(name: str) -> Response:
    """`GET /tasks/{name}`: one task."""
    refuse_query()
    try:
        return json_response(runtime().tasks.get(name))
    except UnknownTask:
        raise _not_found() from None


def patch_task(name: str) -> Response:
    """`PATCH /tasks/{name}`: pause or resume it, or change its limits; null: as the code says."""
    refuse_query()
    settings = load_body(_SETTINGS, read_patch(MAX_BYTES)({}))
    try:
        return json_response(runtime().tasks.update(name, settings, caller()))
    except UnknownTask:
        raise _not_found() from None


def _not_found() -> Problem:
    return Problem("not-found", "No task has this name.")
