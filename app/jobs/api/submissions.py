"""Routes that submit jobs, and those of batches."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, url_for

from ..arguments.loading import Loader
from ..options import read_options
from ..service import runtime
from ..states import RUNNING
from ..tasks.submission import BatchSubmission, Submission
from ..values import Batch
from .access import caller
from .correlation import with_correlation
from .idempotency import replay_headers, request_key
from .requests import MAX_BATCH_BYTES, batch_id, max_submission_bytes, read_json_object, require_empty_body
from .responses import json_response, submitted
from .schemas import BatchSchema, SubmissionSchema
from .validation import load_body, refuse_query

_SUBMISSION: Final = Loader(SubmissionSchema())
_BATCH: Final = BatchSchema()


def submit_job() -> Response:
    """`POST /jobs`: 202 after the commit, 200 where another job has its unique key.

    With an Idempotency-Key at most one job for each key.
    """
    refuse_query()
    submissions = runtime().submissions
    body = read_json_object(max_submission_bytes())
    submission = _submission(load_body(_SUBMISSION, body))
    # Of the body as sent: what the schema adds may be another thing in the next release.
    key = request_key(body)
    asked = submission.task, submission.args, submission.options
    if key is None:
        return submitted(submissions.submit_or_find(*asked))
    found, replayed = submissions.submit_once(key, *asked)
    return submitted(found, replay_headers(replayed))


def submit_batch() -> Response:
    """`POST /jobs/batch`: submit all jobs or none, in one transaction."""
    refuse_query()
    body = read_json_object(MAX_BATCH_BYTES)
    loaded = load_body(_BATCH, body)
    jobs, on_done, on_success = loaded["jobs"], loaded.get("on_done"), loaded.get("on_success")
    batch = BatchSubmission(
        [_submission(each) for each in jobs],
        on_done and _submission(on_done),
        on_success and _submission(on_success),
    )
    key, submissions = request_key(body), runtime().submissions
    (made, own), replayed = (
        (submissions.submit_batch(batch), False) if key is None else submissions.submit_batch_once(key, batch)
    )
    items = [{"index": index, "id": job.id, "state": job.state} for index, job in enumerate(own)]
    return json_response(
        {"batch_id": made.id, "accepted": len(own), "items": items},
        202,
        {**_location(made), "Retry-After": "1", **replay_headers(replayed)},
    )


def get_batch(id: str) -> Response:
    """`GET /batches/{id}`: the number of its jobs in each state."""
    refuse_query()
    return json_response(runtime().batches.get(batch_id(id)).as_dict())


def cancel_batch(id: str) -> Response:
    """`POST /batches/{id}/cancel`: 200 when all of its jobs have ended, 202 when some were asked to stop."""
    refuse_query()
    require_empty_body()
    batch = runtime().batches.cancel(batch_id(id), caller())
    return json_response(batch.as_dict(), 202 if batch.counts[RUNNING] else 200)


def retry_batch(id: str) -> Response:
    """`POST /batches/{id}/retry`: those of its jobs that failed, queued once more."""
    refuse_query()
    require_empty_body()
    batch = runtime().batches.retry(batch_id(id), caller())
    return json_response(batch.as_dict(), 202, _location(batch))


def _location(batch: Batch) -> dict[str, str]:
    return {"Location": url_for("simmer.get_batch", id=batch.id)}


def _submission(loaded: dict[str, Any]) -> Submission:
    options = {name: value for name, value in loaded.items() if name not in ("task", "args")}
    options["meta"] = with_correlation(options.get("meta"))
    return Submission(loaded["task"], loaded["args"], read_options(options))
