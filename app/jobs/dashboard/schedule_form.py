"""The form of a schedule: new or changed, with a preview of its fire times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import request
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from ..api.access import caller
from ..api.requests import schedule_id
from ..api.responses import restore_secrets
from ..api.schemas import NewScheduleSchema, ScheduleSchema
from ..api.validation import load_body
from ..errors import InvalidArguments, problem
from ..schedules.policy import MISFIRE_POLICIES
from ..schedules.triggers.interval import UNITS
from ..service import runtime
from ..values import Schedule
from . import formatting
from .forms import json_of
from .rendering import page, see_other

KINDS: Final = ("interval", "cron", "date", "json")
"""How a trigger is typed; as JSON: calendar triggers, combined ones, and all with further fields."""
PREVIEWED: Final = 5
_NEW: Final = NewScheduleSchema()
_CHANGED: Final = ScheduleSchema()


def new_schedule() -> Response:
    """`GET /schedules/new`: an empty form."""
    return _form(None, MultiDict({"kind": "interval", "every": "5", "unit": "minutes", "args": "{}"}))


def create_schedule() -> Response:
    """`POST /schedules/new`: the form with a preview, or 303 to the schedule that was made."""
    try:
        words = load_body(_NEW, {**_body(request.form), "id": request.form.get("id", "").strip() or None})
        if "preview" in request.form:
            return _form(None, request.form)
        restore_secrets(words["args"], {})
        made = runtime().schedules.add(words["id"], words, by=caller())
    except InvalidArguments as error:
        return _form(None, request.form, error.errors)
    return see_other("show_schedule", id=made.id, notice="stored")


def edit_schedule(id: str) -> Response:
    """`GET /schedules/{id}/edit`: the form of what is stored."""
    stored = runtime().schedules.get(schedule_id(id))
    return _form(stored, _typed(stored))


def change_schedule(id: str) -> Response:
    """`POST /schedules/{id}/edit`: the form with a preview, or 303 to the schedule."""
    stored = runtime().schedules.get(schedule_id(id))
    try:
        words = load_body(_CHANGED, _body(request.form))
        if "preview" in request.form:
            return _form(stored, request.form)
        words["args"] = restore_secrets(words["args"], stored.args)
        runtime().schedules.patch(stored.id, {**words, "paused": stored.paused}, by=caller())
    except InvalidArguments as error:
        return _form(stored, request.form, error.errors)
    return see_other("show_schedule", id=stored.id, notice="stored")


def _form(
    stored: Schedule | None, typed: MultiDict[str, str], errors: tuple[Any, ...] | list[Any] = ()
) -> Response:
    preview = None
    if not errors:
        try:
            preview = runtime().schedules.preview(_trigger(typed), PREVIEWED)
        except InvalidArguments as error:
            errors = error.errors
    return page(
        "schedule_form.html", 422 if errors and request.method == "POST" else 200,
        stored=stored, typed=typed, errors=errors, preview=preview, kinds=KINDS, units=UNITS,
        misfires=MISFIRE_POLICIES, tasks=sorted(runtime().registry.tasks),
    )  # fmt: skip


def _body(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of the form as the body of `PUT /schedules/{id}`; an empty one has its default."""
    body: dict[str, Any] = {
        "task": form.get("task", ""),
        "args": json_of("args", form.get("args", "") or "{}"),
        "trigger": _trigger(form),
    }
    if misfire := form.get("misfire", ""):
        body["misfire"] = misfire
    for name in ("misfire_grace", "max_running", "jitter"):
        if text := form.get(name, "").strip():
            body[name] = json_of(name, text)
    return body


def _trigger(form: MultiDict[str, str]) -> dict[str, Any]:
    kind, zone = form.get("kind", ""), form.get("timezone", "").strip()
    if kind not in KINDS:
        raise InvalidArguments([problem("#/trigger", f"choose one of {', '.join(KINDS)}")])
    if kind == "json":
        trigger = json_of("trigger", form.get("trigger", ""))
        if not isinstance(trigger, dict):
            raise InvalidArguments([problem("#/trigger", "must be a JSON object")])
        return trigger
    found: dict[str, Any] = {"type": kind}
    if kind == "interval":
        found[form.get("unit", "seconds")] = json_of("trigger", form.get("every", ""))
        found |= {"start_now": True} if form.get("start_now") == "yes" else {}
    elif kind == "cron":
        found["expression"] = form.get("expression", "")
    else:
        found["run_at"] = form.get("run_at", "")
    return {**found, **({"timezone": zone} if zone else {})}


def _typed(stored: Schedule) -> MultiDict[str, str]:
    """The form that stands for a stored schedule: in simple fields where its trigger fits into them."""
    shown: dict[str, str] = {
        "task": stored.task, "args": formatting.pretty(stored.args), "misfire": stored.misfire,
        **{
            name: json.dumps(value)
            for name in ("misfire_grace", "max_running", "jitter")
            if (value := getattr(stored, name))
        },
        **_typed_trigger(stored.trigger),
    }  # fmt: skip
    return MultiDict(shown)


def _typed_trigger(trigger: Mapping[str, Any]) -> dict[str, str]:
    rest = {name: value for name, value in trigger.items() if name not in ("type", "timezone")}
    zone = {"timezone": str(trigger["timezone"])} if trigger.get("timezone") else {}
    kind, names = trigger["type"], set(rest)
    if kind == "cron" and names == {"expression"}:
        return {"kind": kind, "expression": str(rest["expression"]), **zone}
    if kind == "date":
        return {"kind": kind, "run_at": str(rest["run_at"]), **zone}
    if kind == "interval" and len(names) == 1 and names <= set(UNITS):
        unit, every = next(iter(rest.items()))
        return {"kind": kind, "unit": unit, "every": json.dumps(every), **zone}
    return {"kind": "json", "trigger": json.dumps(trigger, indent=2, default=str)}
