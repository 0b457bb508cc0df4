"""`Idempotency-Key`: the key of a request, and the response of a host's own view that submits a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from ..job import Job
from ..service import runtime
from ..store.idempotency import RequestKey
from .access import idempotency_scope
from .requests import fingerprint, idempotency_key
from .responses import accepted


def request_key(body: Any) -> RequestKey | None:
    """The key of the current request, whose parsed body is `body`; None where it sends no key."""
    key = idempotency_key()
    if key is None:
        return None
    # With the view and its arguments: the same key for another schedule's run asks for something else.
    return RequestKey(
        idempotency_scope(), key, fingerprint([request.endpoint, request.view_args or {}, body])
    )


def replay_headers(is_replay: bool) -> dict[str, str]:
    """The header that marks the response to a repeated request."""
    return {"Idempotency-Replayed": "true"} if is_replay else {}


def accepted_once(body: Callable[[], Any], submit: Callable[[], Job], *, session: Any) -> Response:
    """Answer a view of the host's as `POST /jobs` does: `submit`, commit, 202, once for an Idempotency-Key.

    `submit` submits a job with `session=session`. `body` returns what the request asks for as a JSON value,
    such as a digest of a file; a repeated request with the same one gets the first job again.
    """
    key = idempotency_key() and request_key(body())
    if not key:
        job, replayed = submit(), False
        session.commit()
    else:
        job, replayed = runtime().submissions.join_once(key, submit, session)
    return accepted(job, replay_headers(replayed))
