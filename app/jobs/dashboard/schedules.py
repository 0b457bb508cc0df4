"""The schedules: what fires when, the decisions about past fire times, and the actions on them."""

from __future__ import annotations

from typing import Any, Final

from flask import request
from werkzeug import Response

from ..api.access import caller
from ..api.requests import schedule_id
from ..schedules.triggers import parse_trigger
from ..schedules.triggers.describe import describe
from ..service import runtime
from ..values import Schedule
from .rendering import page, path_of, see_other

DOTS: Final = 20
"""Decisions that the list shows of each schedule."""
SHOWN: Final = 50
IN_PAGE: Final = 50
MOST_DIGITS: Final = 7


def list_schedules() -> Response:
    """`GET /schedules`: by their next fire time, IN_PAGE of them beyond the first `?beyond=`."""
    found, sent = sorted(runtime().schedules.all(), key=_when), request.args.get("beyond", "")
    start = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < MOST_DIGITS else 0
    following = path_of("list_schedules", beyond=start + IN_PAGE) if found[start + IN_PAGE :] else None
    return page(
        "schedules.html",
        schedules=[_described(schedule) for schedule in found[start : start + IN_PAGE]],
        next_page=following, is_first=start == 0,
    )  # fmt: skip


def show_schedule(id: str) -> Response:
    """`GET /schedules/{id}`: one schedule, its next fire times and its history."""
    schedules = runtime().schedules
    schedule = schedules.get(schedule_id(id))
    return page(
        "schedule.html",
        schedule=schedule, preview=schedules.preview_stored(schedule.id),
        history=schedules.history(schedule.id, SHOWN),
    )  # fmt: skip


def pause_schedule(id: str) -> Response:
    """`POST /schedules/{id}/pause`."""
    runtime().schedules.pause(schedule_id(id), by=caller())
    return see_other("show_schedule", id=id, notice="paused")


def resume_schedule(id: str) -> Response:
    """`POST /schedules/{id}/resume`."""
    runtime().schedules.resume(schedule_id(id), by=caller())
    return see_other("show_schedule", id=id, notice="resumed")


def skip_schedule(id: str) -> Response:
    """`POST /schedules/{id}/skip`."""
    runtime().schedules.skip(schedule_id(id), by=caller())
    return see_other("show_schedule", id=id, notice="skipped")


def run_schedule(id: str) -> Response:
    """`POST /schedules/{id}/run`: leads to the job."""
    job = runtime().schedules.run(schedule_id(id), by=caller())
    return see_other("show_job", id=job.id, notice="submitted")


def remove_schedule(id: str) -> Response:
    """`POST /schedules/{id}/delete`: asks first."""
    if request.form.get("confirmed") != "yes":
        return page("confirm_remove.html", schedule=runtime().schedules.get(schedule_id(id)))
    runtime().schedules.remove(schedule_id(id))
    return see_other("list_schedules", notice="deleted")


def _described(schedule: Schedule) -> dict[str, Any]:
    return {
        "schedule": schedule,
        "description": describe(parse_trigger(schedule.trigger)),
        "history": list(reversed(runtime().schedules.history(schedule.id, DOTS))),
    }


def _when(schedule: Schedule) -> tuple[bool, Any, str]:
    """Those without a next fire time last."""
    return schedule.next_fire_at is None, schedule.next_fire_at or 0, schedule.id
