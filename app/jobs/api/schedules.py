"""Routes of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, url_for

from ..service import runtime
from ..values import Schedule
from .access import caller
from .conditional import etag_headers, is_not_modified, precondition, schedule_tag
from .idempotency import replay_headers, request_key
from .requests import max_submission_bytes, read_json_object, read_patch, require_empty_body, schedule_id
from .responses import accepted, empty_response, json_response, not_modified, redactor, restore_secrets
from .schemas import HistoryQuerySchema, NewScheduleSchema, PreviewSchema, ScheduleSchema
from .validation import load_body, read_query, refuse_query

MAX_TRIGGER_BYTES: Final = 16 * 1024

_NEW: Final = NewScheduleSchema()
_FULL: Final = ScheduleSchema()
_PARTIAL: Final = ScheduleSchema(partial=True)
_PREVIEW: Final = PreviewSchema()
_HISTORY: Final = HistoryQuerySchema()


def list_schedules() -> Response:
    """`GET /schedules`: all schedules."""
    refuse_query()
    return json_response({"items": [_present(schedule) for schedule in runtime().schedules.all()]})


def get_schedule(id: str) -> Response:
    """`GET /schedules/{id}`: one schedule; or 304."""
    refuse_query()
    shown = _present(runtime().schedules.get(schedule_id(id)))
    tag = schedule_tag(shown)
    return not_modified(etag_headers(tag)) if is_not_modified(tag) else _response(shown)


def create_schedule() -> Response:
    """`POST /schedules`: 201 and Location; the id is the client's, or a new one."""
    refuse_query()
    sent = read_json_object(max_submission_bytes())
    body, key, schedules = load_body(_NEW, sent), request_key(sent), runtime().schedules
    restore_secrets(body["args"], {})
    if key is None:
        return _created(schedules.add(body["id"], body, by=caller()))
    schedule, replayed = schedules.add_once(key, body["id"], body, by=caller())
    return _created(schedule, replay_headers(replayed))


def replace_schedule(id: str) -> Response:
    """`PUT /schedules/{id}`: 201 where it is new, else 200."""
    refuse_query()
    slug = schedule_id(id)
    body = load_body(_FULL, read_json_object(max_submission_bytes()))

    def words(stored: Schedule | None) -> dict[str, Any]:
        return {**body, "args": restore_secrets(body["args"], {} if stored is None else stored.args)}

    stored, is_new = runtime().schedules.replace(slug, words, precondition(_tag), by=caller())
    return _created(stored) if is_new else _response(_present(stored))


def patch_schedule(id: str) -> Response:
    """`PATCH /schedules/{id}`: change the fields of the body, keep the others."""
    refuse_query()
    slug = schedule_id(id)
    patch = read_patch(max_submission_bytes())

    def changes(stored: Schedule) -> dict[str, Any]:
        loaded = load_body(_PARTIAL, patch(stored.as_dict()))
        if "args" in loaded:
            loaded["args"] = restore_secrets(loaded["args"], stored.args)
        return loaded

    return _response(_present(runtime().schedules.patch(slug, changes, precondition(_tag), by=caller())))


def delete_schedule(id: str) -> Response:
    """`DELETE /schedules/{id}`: delete it and its history; its jobs stay."""
    refuse_query()
    runtime().schedules.remove(schedule_id(id), precondition(_tag))
    return empty_response(204)


def skip_schedule(id: str) -> Response:
    """`POST /schedules/{id}/skip`: skip the next fire time."""
    refuse_query()
    require_empty_body()
    return _response(_present(runtime().schedules.skip(schedule_id(id), precondition(_tag), by=caller())))


def preview_schedule() -> Response:
    """`POST /schedules/preview`: the description of a trigger, and its next fire times."""
    refuse_query()
    body = load_body(_PREVIEW, read_json_object(MAX_TRIGGER_BYTES))
    return json_response(runtime().schedules.preview(body["trigger"], body["count"], body["after"]))


def list_history(id: str) -> Response:
    """`GET /schedules/{id}/history`: one entry for each decision, newest first."""
    query = read_query(_HISTORY)
    found = runtime().schedules.history(schedule_id(id), query["limit"], query["before"])
    return json_response({"items": found})


def pause_schedule(id: str) -> Response:
    """`POST /schedules/{id}/pause`: stop firing until it is resumed; idempotent."""
    refuse_query()
    require_empty_body()
    return _response(_present(runtime().schedules.pause(schedule_id(id), precondition(_tag), by=caller())))


def resume_schedule(id: str) -> Response:
    """`POST /schedules/{id}/resume`: fire again."""
    refuse_query()
    require_empty_body()
    return _response(_present(runtime().schedules.resume(schedule_id(id), precondition(_tag), by=caller())))


def run_schedule(id: str) -> Response:
    """`POST /schedules/{id}/run`: submit its job now, paused or not; its fire times stay."""
    refuse_query()
    require_empty_body()
    key, schedules = request_key({}), runtime().schedules
    if key is None:
        return accepted(schedules.run(schedule_id(id), by=caller()))
    job, replayed = schedules.run_once(key, schedule_id(id), by=caller())
    return accepted(job, replay_headers(replayed))


def _created(schedule: Schedule, headers: Mapping[str, str] | None = None) -> Response:
    location = url_for("simmer.get_schedule", id=schedule.id)
    return _response(_present(schedule), 201, {"Location": location, **(headers or {})})


def _response(shown: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return json_response(shown, status, {**etag_headers(schedule_tag(shown)), **(headers or {})})


def _tag(schedule: Schedule) -> str:
    return schedule_tag(_present(schedule))


def _present(schedule: Schedule) -> dict[str, Any]:
    return {**schedule.as_dict(), "args": redactor()(dict(schedule.args))}
