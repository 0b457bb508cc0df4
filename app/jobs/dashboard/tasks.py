"""The tasks, and the page of one: its form to run it, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import request
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from ..api.access import caller
from ..api.schemas import SubmissionSchema
from ..api.validation import load_body
from ..errors import InvalidArguments
from ..options import read_options
from ..service import runtime
from .argument_form import args_of, fields_of
from .forms import json_of, tags_of
from .rendering import page, see_other

_SUBMISSION: Final = SubmissionSchema()
WINDOW: Final = "24h"
OPTIONS: Final = ("delay", "priority")
"""Options that the form offers, as numbers."""


def list_tasks() -> Response:
    """`GET /tasks`: what is registered in this process."""
    found = runtime().overview.task_statistics(WINDOW)
    since = runtime().clock.now() - timedelta(days=1)
    return page(
        "tasks.html", tasks=runtime().tasks.all(), since=since, statistics={each.task: each for each in found}
    )


def show_task(name: str) -> Response:
    """`GET /tasks/{name}`: one task."""
    return _page(name)


def run_task(name: str) -> Response:
    """`POST /tasks/{name}/run`: submit a job and lead to it; the form again where something does not fit."""
    task = runtime().tasks.get(name)
    body = {"task": name, "args": args_of(task["args_schema"], request.form), **_options(request.form)}
    try:
        loaded = load_body(_SUBMISSION, body)
        options = {key: value for key, value in loaded.items() if key not in ("task", "args")}
        job = runtime().submissions.submit(name, loaded["args"], read_options(options))
    except InvalidArguments as error:
        return _page(name, 422, request.form, error.errors)
    return see_other("show_job", id=job.id, notice="submitted")


def limit_task(name: str) -> Response:
    """`POST /tasks/{name}/limit`: pause, resume, or change its limits; an empty one is as the code says."""
    runtime().tasks.update(name, _settings(request.form), caller())
    return see_other("show_task", name=name, notice="limited")


def _page(
    name: str, status: int = 200, sent: MultiDict[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:  # fmt: skip
    task = runtime().tasks.get(name)
    of_args = {each["pointer"].removeprefix("#/args/"): each["detail"] for each in errors}
    fields = fields_of(task["args_schema"], sent, of_args)
    others = [
        each for each in errors if each["pointer"].removeprefix("#/args/") not in {f.name for f in fields}
    ]
    found = [each for each in runtime().overview.task_statistics(WINDOW) if each.task == name]
    return page(
        "task.html", status, task=task, fields=fields, sent=sent or MultiDict(), others=others,
        statistics=found[0] if found else None,
    )  # fmt: skip


def _options(form: MultiDict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: json_of(name, text, "is not a number")
        for name in OPTIONS
        if (text := form.get(name, "").strip())
    }
    if tags := tags_of(form.get("tags", "")):
        found["tags"] = tags
    return found


def _settings(form: MultiDict[str, str]) -> dict[str, Any]:
    """Only what the form has: the button to pause sends nothing else."""
    found: dict[str, Any] = {}
    if "paused" in form:
        found["paused"] = form["paused"] == "yes"
    if "concurrency" in form:
        found["concurrency"] = limit_of("concurrency", form["concurrency"])
    if "rate" in form:
        found["rate"] = limit_of("rate", form["rate"], is_number=False)
    return found


def limit_of(name: str, text: str, is_number: bool = True) -> Any:
    """A limit as it is typed: nothing, a number, a rate such as 100/m, or JSON such as [2, "tenant"]."""
    text = text.strip()
    if not text:
        return None
    if text.startswith("[") or is_number:
        return json_of(name, text, 'is no limit, such as 2 or [2, "tenant"]')
    return text
