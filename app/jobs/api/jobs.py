"""Routes of one job and of the list of jobs."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from ..job import Job
from ..serialization.presenter import MAX_LIST_BYTES, present_attempt, present_in_list, present_step
from ..service import runtime
from ..states import CANCELLED
from ..store.job_filters import JobFilters
from . import long_poll
from .access import caller, has_right
from .conditional import is_conditional, is_not_modified, job_tag, precondition
from .problems import Problem
from .requests import job_id, max_submission_bytes, read_json_object, read_patch, require_empty_body
from .responses import (
    accepted,
    empty_response,
    explained_response,
    job_headers,
    job_response,
    jobs_url,
    json_response,
    not_modified,
    page_links,
    redactor,
    restore_secrets,
)
from .schemas import ActionSchema, EditSchema, JobQuerySchema, JobViewSchema
from .validation import load_body, read_query, refuse_query

_LIST_QUERY: Final = JobQuerySchema()
PAGING: Final = ("limit", "cursor", "sort", "count")
_VIEW_QUERY: Final = JobViewSchema()
_ACTION: Final = ActionSchema()
_EDIT: Final = EditSchema()
MAX_ACTION_BYTES: Final = 256 * 1024


def list_jobs() -> Response:
    """`GET /jobs`: a page of the jobs that the filters name."""
    query = read_query(_LIST_QUERY)
    jobs, filters = runtime().jobs, job_filters(query)
    page = jobs.page(filters, limit=query["limit"], cursor=query["cursor"], newest_first=query["sort"])
    redact, base = redactor(), jobs_url()
    body: dict[str, Any] = {
        "items": [present_in_list(job, redact, base) for job in page],
        "next_cursor": page.next_cursor,
    }
    if query["count"]:
        value, capped = jobs.count(filters)
        body["total"] = {"value": value, "capped": capped}
    return json_response(body, headers={"Link": page_links(page.next_cursor)})


def get_job(id: str) -> Response:
    """`GET /jobs/{id}`: the job, at once or after waiting for its end or its next change; or 304."""
    query, jobs = read_query(_VIEW_QUERY), runtime().jobs
    seconds = long_poll.requested_wait(query["wait"])
    # A poller that has the newest version costs four columns, not the whole row and its JSON.
    stamp = jobs.stamp(job_id(id)) if seconds is None and is_conditional() else None
    if stamp is not None and is_not_modified(job_tag(stamp)):
        return not_modified(job_headers(stamp))
    job = jobs.get(job_id(id))
    headers: dict[str, str] = {}
    if seconds is not None:
        job, headers = long_poll.wait(job, seconds)
    if is_not_modified(job_tag(job)):
        return not_modified({**job_headers(job), **headers})
    if query["explain"]:
        return explained_response(job, runtime().explanations.explain(job), headers)
    return job_response(job, headers=headers)


def cancel_job(id: str) -> Response:
    """`POST /jobs/{id}/cancel`: 200 when the job is cancelled, 202 when it runs and was asked to stop."""
    refuse_query()
    require_empty_body()
    job = runtime().jobs.cancel(job_id(id), precondition(job_tag), by=caller())
    return job_response(job, 200 if job.state == CANCELLED else 202)


def retry_job(id: str) -> Response:
    """`POST /jobs/{id}/retry`: the same job, queued once more."""
    refuse_query()
    require_empty_body()
    job = runtime().jobs.retry(job_id(id), precondition(job_tag), by=caller())
    return job_response(job, 202, {"Location": f"{jobs_url()}/{job.id}"})


def delete_job(id: str) -> Response:
    """`DELETE /jobs/{id}`: delete the job and its history."""
    refuse_query()
    runtime().jobs.delete(job_id(id), precondition=precondition(job_tag))
    return empty_response(204)


def patch_job(id: str) -> Response:
    """`PATCH /jobs/{id}`: change the fields of the body, keep the others; 409 once it has begun."""
    refuse_query()
    patch = read_patch(max_submission_bytes())

    def changes(stored: Job) -> dict[str, Any]:
        loaded = load_body(_EDIT, patch({"args": stored.args}))
        if "args" in loaded:
            loaded["args"] = restore_secrets(loaded["args"], stored.args)
        return loaded

    return job_response(runtime().edits.edit(job_id(id), changes, precondition(job_tag), by=caller()))


def act_on_jobs() -> Response:
    """`POST /jobs/actions`: 200 with the numbers; 202 with the job that does it where there are too many."""
    refuse_query()
    body = load_body(_ACTION, read_json_object(MAX_ACTION_BYTES))
    act = runtime().bulk.act
    result = act(body["action"], body.get("filter", {}), body.get("ids"), body["dry_run"], by=caller())
    if result.job is not None:
        return accepted(result.job)
    return json_response({"matched": result.matched, "affected": result.affected})


def get_result(id: str) -> Response:
    """`GET /jobs/{id}/result`: what the task returned, as the whole body; 410 where it is kept no longer."""
    refuse_query()
    jobs = runtime().jobs
    job = jobs.get(job_id(id))
    if job.is_final:
        return json_response(redactor()(jobs.result(job)))
    retry = {"Retry-After": job_headers(job)["Retry-After"]}
    raise Problem("invalid-state", f"The job is {job.state}: there is no result yet.", headers=retry)


def list_attempts(id: str) -> Response:
    """`GET /jobs/{id}/attempts`: one entry for each claim; tracebacks for who may operate."""
    refuse_query()
    attempts, may_operate = runtime().jobs.attempts(job_id(id)), has_right("operate")
    return json_response({"items": [present_attempt(attempt, may_operate) for attempt in attempts]})


def list_events(id: str) -> Response:
    """`GET /jobs/{id}/events`: one entry for each transition."""
    refuse_query()
    return json_response({"items": runtime().jobs.events(job_id(id))})


def list_steps(id: str) -> Response:
    """`GET /jobs/{id}/steps`: one entry for each finished step and each sleep."""
    refuse_query()
    found, redact = runtime().jobs.steps(job_id(id), MAX_LIST_BYTES), redactor()
    return json_response({"items": [present_step(step, is_long, redact) for step, is_long in found]})


def job_filters(query: dict[str, Any]) -> JobFilters:
    """The filters of a query of JobQuerySchema. Raises Problem (400) for a path in JSON that cannot be."""
    try:
        return JobFilters.of({word: value for word, value in query.items() if word not in PAGING})
    except ValueError as error:
        raise Problem("bad-parameter", str(error)) from None
