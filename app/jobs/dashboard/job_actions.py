"""What the page of a job can do to it: each leads back to the page."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug import Response as BaseResponse

from ..api.access import caller
from ..api.requests import job_id
from ..api.responses import restore_secrets
from ..api.schemas import EditSchema
from ..api.validation import load_body
from ..job import Job
from ..service import runtime
from .forms import json_of, tags_of
from .rendering import page, see_other

_EDIT = EditSchema()


def cancel_job(id: str) -> BaseResponse:
    """`POST /jobs/{id}/cancel`."""
    runtime().jobs.cancel(job_id(id), by=caller())
    return see_other("show_job", id=id, notice="cancelled")


def retry_job(id: str) -> BaseResponse:
    """`POST /jobs/{id}/retry`."""
    runtime().jobs.retry(job_id(id), by=caller())
    return see_other("show_job", id=id, notice="retried")


def delete_job(id: str) -> Any:
    """`POST /jobs/{id}/delete`: asks first."""
    job = runtime().jobs.get(job_id(id))
    if request.form.get("confirmed") != "yes":
        return page("confirm_delete.html", job=job)
    runtime().jobs.delete(job.id)
    return see_other("list_jobs", notice="deleted")


def edit_job(id: str) -> BaseResponse:
    """`POST /jobs/{id}/edit`: changes what the form has, all of it at once."""
    body = _edited(request.form)

    def changes(stored: Job) -> dict[str, Any]:
        loaded = load_body(_EDIT, body)
        if "args" in loaded:
            loaded["args"] = restore_secrets(loaded["args"], stored.args)
        return loaded

    runtime().edits.edit(job_id(id), changes, by=caller())
    return see_other("show_job", id=id, notice="edited")


def _edited(form: Any) -> dict[str, Any]:
    """The fields of the form as the body of `PATCH /jobs/{id}`; an empty one is left as it is."""
    body: dict[str, Any] = {"args": json_of("args", form.get("args", ""))}
    if queue := form.get("queue", "").strip():
        body["queue"] = queue
    if priority := form.get("priority", "").strip():
        body["priority"] = json_of("priority", priority, "is not a whole number")
    if run_at := form.get("run_at", "").strip():
        # What <input type="datetime-local"> sends has no zone: the form says that it is UTC.
        body["run_at"] = run_at if run_at.endswith("Z") else f"{run_at}Z"
    body["tags"] = tags_of(form.get("tags", ""))
    return body
