"""Starting jobs, one at a time or a batch."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request, url_for

from ..arguments.loading import Loader
from ..options import read_options
from ..service import runtime
from ..store.idempotency import RequestKey
from ..tasks.submission import Submission
from .access import scope
from .problems import Problem
from .requests import (
    LARGEST_BATCH,
    batch_id,
    check,
    fingerprint,
    idempotency_key,
    largest_submission,
    read_object,
    refuse_query,
)
from .responses import accepted, answer
from .schemas import BatchSchema, SubmissionSchema

_SUBMISSION: Final = Loader(SubmissionSchema())
_BATCH: Final = BatchSchema()


def submit_job() -> Response:
    """`POST /jobs`: 202 after the commit; with an Idempotency-Key at most one job for each key."""
    refuse_query()
    key, submissions = idempotency_key(), runtime().submissions
    body = read_object(largest_submission())
    wanted = _submission(check(_SUBMISSION, body))
    if key is None:
        return accepted(submissions.submit(wanted.task, wanted.args, wanted.options))
    job, replayed = submissions.submit_idempotent(RequestKey(scope(), key, fingerprint(body)), wanted)
    return accepted(job, {"Idempotency-Replayed": "true"} if replayed else {})


def submit_batch() -> Response:
    """`POST /jobs/batch`: all of the jobs, or none."""
    refuse_query()
    if "Idempotency-Key" in request.headers:
        raise Problem("bad-parameter", "Idempotency-Key is for POST /jobs; a batch does not know it.")
    body = check(_BATCH, read_object(LARGEST_BATCH))
    id, jobs = runtime().submissions.submit_batch([_submission(each) for each in body["jobs"]])
    items = [{"index": index, "id": job.id, "state": job.state} for index, job in enumerate(jobs)]
    headers = {"Location": url_for("simmer.get_batch", id=id), "Retry-After": "1"}
    return answer({"batch_id": id, "accepted": len(jobs), "items": items}, 202, headers)


def get_batch(id: str) -> Response:
    """`GET /batches/{id}`: how many of its jobs are in which state."""
    refuse_query()
    return answer(runtime().jobs.batch(batch_id(id)).as_dict())


def _submission(loaded: dict[str, Any]) -> Submission:
    options = {name: value for name, value in loaded.items() if name not in ("task", "args")}
    return Submission(loaded["task"], loaded["args"], read_options(options))
