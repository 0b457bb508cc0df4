"""Schedules: look at them, pause and resume them, run them now."""

from __future__ import annotations

from typing import Any

from flask import Response

from .answers import accepted, answer, redact
from .reading import read_nothing, refuse_query, runtime, schedule_id


def list_schedules() -> Response:
    """`GET /schedules`: all of them."""
    refuse_query()
    return answer({"items": [_present(schedule) for schedule in runtime().service.schedules()]})


def get_schedule(id: str) -> Response:
    """`GET /schedules/{id}`: one of them."""
    refuse_query()
    return answer(_present(runtime().service.schedule(schedule_id(id))))


def pause_schedule(id: str) -> Response:
    """`POST /schedules/{id}/pause`: it fires no more until it is resumed; twice is as good as once."""
    refuse_query()
    read_nothing()
    return answer(_present(runtime().service.pause_schedule(schedule_id(id))))


def resume_schedule(id: str) -> Response:
    """`POST /schedules/{id}/resume`: it fires again."""
    refuse_query()
    read_nothing()
    return answer(_present(runtime().service.resume_schedule(schedule_id(id))))


def run_schedule(id: str) -> Response:
    """`POST /schedules/{id}/run`: a job of it now, paused or not; its fire times stay as they are."""
    refuse_query()
    read_nothing()
    return accepted(runtime().service.run_schedule(schedule_id(id)))


def _present(schedule: dict[str, Any]) -> dict[str, Any]:
    return {**schedule, "args": redact(schedule["args"])}
