"""Routes of queues."""

from __future__ import annotations

from typing import Final

from flask import Response

from ..service import runtime
from .access import caller
from .requests import queue_name, read_patch, require_empty_body
from .responses import json_response
from .schemas import QueueSchema
from .validation import load_body, refuse_query

MAX_BYTES: Final = 16 * 1024

_SETTINGS: Final = QueueSchema()


def list_queues() -> Response:
    """`GET /queues`: every queue, by name."""
    refuse_query()
    return json_response({"items": [queue.as_dict() for queue in runtime().queues.all()]})


def patch_queue(name: str) -> Response:
    """`PATCH /queues/{name}`: change how many of its jobs run at a time; null: any number."""
    refuse_query()
    name = queue_name(name)
    settings = load_body(_SETTINGS, read_patch(MAX_BYTES)({}))
    return json_response(runtime().queues.update(name, settings, caller()).as_dict())


def pause_queue(name: str) -> Response:
    """`POST /queues/{name}/pause`: claim nothing from it until it is resumed; idempotent."""
    refuse_query()
    require_empty_body()
    return json_response(runtime().queues.pause(queue_name(name), caller()).as_dict())


def resume_queue(name: str) -> Response:
    """`POST /queues/{name}/resume`: claim from it again."""
    refuse_query()
    require_empty_body()
    return json_response(runtime().queues.resume(queue_name(name), caller()).as_dict())
