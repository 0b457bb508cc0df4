"""Routes that submit jobs, and those of batches."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request, url_for

from ..arguments.loading import Loader
from ..options import read_options
from ..service import runtime
from ..store.idempotency import RequestKey
from ..tasks.submission import Submission
from .access import idempotency_scope
from .problems import Problem
from .requests import (
    MAX_BATCH_BYTES,
    batch_id,
    fingerprint,
    idempotency_key,
    load_body,
    max_submission_bytes,
    read_json_object,
    refuse_query,
)
from .responses import accepted, json_response
from .schemas import BatchSchema, SubmissionSchema

_SUBMISSION: Final = Loader(SubmissionSchema())
_BATCH: Final = BatchSchema()


def submit_job() -> Response:
    """`POST /jobs`: 202 after the commit; with an Idempotency-Key at most one job for each key."""
    refuse_query()
    key, submissions = idempotency_key(), runtime().submissions
    body = read_json_object(max_submission_bytes())
    submission = _submission(load_body(_SUBMISSION, body))
    if key is None:
        return accepted(submissions.submit(submission.task, submission.args, submission.options))
    # Of the body as sent: what the schema adds may be another thing in the next release.
    request_key = RequestKey(idempotency_scope(), key, fingerprint(body))
    job, replayed = submissions.submit_idempotent(request_key, submission)
    return accepted(job, {"Idempotency-Replayed": "true"} if replayed else {})


def submit_batch() -> Response:
    """`POST /jobs/batch`: submit all jobs or none, in one transaction."""
    refuse_query()
    if "Idempotency-Key" in request.headers:
        raise Problem("bad-parameter", "Idempotency-Key is for POST /jobs; a batch does not know it.")
    body = load_body(_BATCH, read_json_object(MAX_BATCH_BYTES))
    id, jobs = runtime().submissions.submit_batch([_submission(each) for each in body["jobs"]])
    items = [{"index": index, "id": job.id, "state": job.state} for index, job in enumerate(jobs)]
    headers = {"Location": url_for("simmer.get_batch", id=id), "Retry-After": "1"}
    return json_response({"batch_id": id, "accepted": len(jobs), "items": items}, 202, headers)


def get_batch(id: str) -> Response:
    """`GET /batches/{id}`: the number of its jobs in each state."""
    refuse_query()
    return json_response(runtime().jobs.batch(batch_id(id)).as_dict())


def _submission(loaded: dict[str, Any]) -> Submission:
    options = {name: value for name, value in loaded.items() if name not in ("task", "args")}
    return Submission(loaded["task"], loaded["args"], read_options(options))
