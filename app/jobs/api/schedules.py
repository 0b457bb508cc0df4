"""Schedules: look at them, pause and resume them, run them now."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, url_for

from ..service import runtime
from ..values import Schedule
from .requests import (
    check,
    largest_submission,
    read_nothing,
    read_object,
    read_query,
    refuse_query,
    schedule_id,
)
from .responses import accepted, answer, empty, redactor
from .schemas import HistoryQuerySchema, NewScheduleSchema, PreviewSchema, ScheduleSchema

LARGEST_TRIGGER: Final = 16 * 1024

_NEW: Final = NewScheduleSchema()
_WHOLE: Final = ScheduleSchema()
_PART: Final = ScheduleSchema(partial=True)
_PREVIEW: Final = PreviewSchema()
_HISTORY: Final = HistoryQuerySchema()


def list_schedules() -> Response:
    """`GET /schedules`: all of them."""
    refuse_query()
    return answer({"items": [_present(schedule) for schedule in runtime().schedules.all()]})


def get_schedule(id: str) -> Response:
    """`GET /schedules/{id}`: one of them."""
    refuse_query()
    return answer(_present(runtime().schedules.get(schedule_id(id))))


def create_schedule() -> Response:
    """`POST /schedules`: 201 and where it is; the id is the client's or made."""
    refuse_query()
    body = check(_NEW, read_object(largest_submission()))
    return _created(runtime().schedules.add(body["id"], body))


def replace_schedule(id: str) -> Response:
    """`PUT /schedules/{id}`: 201 where it is new, else 200."""
    refuse_query()
    body = check(_WHOLE, read_object(largest_submission()))
    stored, is_new = runtime().schedules.replace(schedule_id(id), body)
    return _created(stored) if is_new else answer(_present(stored))


def patch_schedule(id: str) -> Response:
    """`PATCH /schedules/{id}`: what the body names is changed, the rest stays."""
    refuse_query()
    changes = check(_PART, read_object(largest_submission()))
    return answer(_present(runtime().schedules.patch(schedule_id(id), changes)))


def delete_schedule(id: str) -> Response:
    """`DELETE /schedules/{id}`: gone, with its history; its jobs stay."""
    refuse_query()
    runtime().schedules.remove(schedule_id(id))
    return empty(204)


def skip_schedule(id: str) -> Response:
    """`POST /schedules/{id}/skip`: the next fire time is left out."""
    refuse_query()
    read_nothing()
    return answer(_present(runtime().schedules.skip(schedule_id(id))))


def preview_schedule() -> Response:
    """`POST /schedules/preview`: a trigger in words, and its next fire times."""
    refuse_query()
    body = check(_PREVIEW, read_object(LARGEST_TRIGGER))
    return answer(runtime().schedules.preview(body["trigger"], body["count"], body["after"]))


def list_history(id: str) -> Response:
    """`GET /schedules/{id}/history`: one entry for each decision, newest first."""
    query = read_query(_HISTORY)
    found = runtime().schedules.history(schedule_id(id), query["limit"], query["before"])
    return answer({"items": found})


def pause_schedule(id: str) -> Response:
    """`POST /schedules/{id}/pause`: it fires no more until it is resumed; twice is as good as once."""
    refuse_query()
    read_nothing()
    return answer(_present(runtime().schedules.pause(schedule_id(id))))


def resume_schedule(id: str) -> Response:
    """`POST /schedules/{id}/resume`: it fires again."""
    refuse_query()
    read_nothing()
    return answer(_present(runtime().schedules.resume(schedule_id(id))))


def run_schedule(id: str) -> Response:
    """`POST /schedules/{id}/run`: a job of it now, paused or not; its fire times stay as they are."""
    refuse_query()
    read_nothing()
    return accepted(runtime().schedules.run(schedule_id(id)))


def _created(schedule: Schedule) -> Response:
    location = url_for("simmer.get_schedule", id=schedule.id)
    return answer(_present(schedule), 201, {"Location": location})


def _present(schedule: Schedule) -> dict[str, Any]:
    return {**schedule.as_dict(), "args": redactor()(dict(schedule.args))}
