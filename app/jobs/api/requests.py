"""Parses requests: body, headers, ids in the path."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..checks import QUEUE_NAME, is_slug
from ..errors import (
    BatchNotFound,
    InvalidArguments,
    JobNotFound,
    QueueNotFound,
    ScheduleNotFound,
    WorkerNotFound,
    pointer,
    problem,
)
from ..ids import is_id
from ..serialization.decoding import loads_strict
from ..service import runtime
from .problems import Problem

OPTIONS_BYTES: Final = 64 * 1024
"""Bytes of a body for everything but the arguments of its job."""
MAX_ESCAPE_FACTOR: Final = 3
"""A character of n bytes in UTF-8 takes up to 3n bytes in a body that escapes it (`\\u00e9`)."""
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
MAX_EMPTY_BYTES: Final = 1024
MOST_IN_PAGE: Final = 500
MOST_IN_PREVIEW: Final = 50
JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
ACCEPT_PATCH: Final = f"{MERGE_PATCH}, {JSON}"

# A string of RFC 8941, as the draft has it; or bare, without a comma, by which servers join two headers.
_KEY = re.compile(
    r'"(?P<quoted>(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"|(?!")(?P<bare>[\x20-\x2b\x2d-\x7e]+)'
)
MAX_KEY: Final = 255


def max_submission_bytes() -> int:
    """The most bytes of a body with one job; its arguments are measured again as stored."""
    return MAX_ESCAPE_FACTOR * runtime().settings.max_args_bytes + OPTIONS_BYTES


def read_json_object(limit: int) -> dict[str, Any]:
    """The body, a JSON object of at most `limit` bytes; raises Problem (400, 413, 415, 422)."""
    if not _is_json():
        raise Problem(
            "unsupported-media-type", "Send the body as application/json.", headers={"Accept": JSON}
        )
    return _parse(_read_bytes(limit))


def read_patch(limit: int) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What makes the changes that a PATCH asks for, each field as a whole, of the fields as they are.

    In a merge patch (RFC 7396) a field that is an object is merged with the one that is there. The body is
    read at once; raises as `read_json_object`.
    """
    if request.mimetype != MERGE_PATCH:
        if not _is_json():
            detail = f"Send the changes as {ACCEPT_PATCH.replace(', ', ' or ')}."
            headers = {"Accept-Patch": ACCEPT_PATCH, "Accept": ACCEPT_PATCH}
            raise Problem("unsupported-media-type", detail, headers=headers)
        body = read_json_object(limit)
        return lambda now: body
    patch = _parse(_read_bytes(limit))
    return lambda now: {
        name: _merged(now.get(name), value) if isinstance(value, dict) else value
        for name, value in patch.items()
    }


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    made = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), value)
    return made


def require_empty_body() -> None:
    """Check that the body is empty or `{}`; raises Problem, InvalidArguments for a field in it."""
    if body := _read_bytes(MAX_EMPTY_BYTES):
        if not _is_json():
            detail = "Send no body, or {} as application/json."
            raise Problem("unsupported-media-type", detail, headers={"Accept": JSON})
        if unknown := _parse(body):
            raise InvalidArguments([problem(pointer("#", name), "Unknown field.") for name in unknown])


def job_id(text: str) -> str:
    """`text` if it is a valid id of a job; raises JobNotFound."""
    # 404 without asking the database: PostgreSQL would fail on NUL, and no such id was ever given out.
    if not is_id(text):
        raise JobNotFound()
    return text


def batch_id(text: str) -> str:
    """`text` if it is a valid id of a batch; raises BatchNotFound."""
    if not is_id(text):
        raise BatchNotFound()
    return text


def schedule_id(text: str) -> str:
    """`text` if it is a valid id of a schedule; raises ScheduleNotFound."""
    if not is_slug(text):
        raise ScheduleNotFound()
    return text


def queue_name(text: str) -> str:
    """`text` if it is a valid name of a queue; raises QueueNotFound."""
    if not QUEUE_NAME.fullmatch(text):
        raise QueueNotFound()
    return text


def worker_id(text: str) -> str:
    """`text` if it is a valid id of a worker; raises WorkerNotFound."""
    if not is_id(text):
        raise WorkerNotFound()
    return text


def idempotency_key() -> str | None:
    """The Idempotency-Key header, `"abc"` or bare `abc`; raises Problem (400) for an invalid one, or two."""
    sent = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if sent is None:
        return None
    found = _KEY.fullmatch(sent)
    key = "" if found is None else found["bare"] or re.sub(r"\\(.)", r"\1", found["quoted"])
    if not 1 <= len(key) <= MAX_KEY:
        raise Problem(
            "bad-parameter",
            f"Send one Idempotency-Key of 1 to {MAX_KEY} printable ASCII characters, in double quotes if it"
            " holds a comma.",
        )
    return key


def fingerprint(body: Any) -> str:
    """A digest that is equal for bodies that are equal as parsed JSON."""
    canonical = json.dumps(_canonical(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_canonical(below) for below in value]
    # 3.0 and 3 are the same JSON number, and clients in JavaScript send either.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_json() -> bool:
    # Nearly every client sends exactly this: comparing is cheaper than parsing the header.
    return request.environ.get("CONTENT_TYPE") == JSON or request.mimetype == JSON


def _read_bytes(limit: int) -> bytes:
    req = request._get_current_object()  # type: ignore[attr-defined]
    if req.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("identity", ""):
        detail = "Send the body as it is, without a Content-Encoding."
        raise Problem("unsupported-media-type", detail, headers={"Accept-Encoding": "identity"})
    # A host's own limit counts where it is smaller.
    most = min(limit, req.max_content_length or limit)
    # One byte more than allowed: Werkzeug silently cuts a chunked body at the limit.
    req.max_content_length = most + 1
    try:
        body: bytes | None = req.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    except HTTPException:
        raise
    except Exception as error:
        # Each server has an exception of its own for a chunk that it cannot read, or a client that hung up.
        raise Problem("malformed-request", "The body could not be read.") from error
    if body is None or len(body) > most:
        raise Problem("payload-too-large", f"The body may have {most} bytes at most.")
    return body


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = loads_strict(body)
    except ValueError as error:
        raise Problem("malformed-json", str(error)) from None
    if not isinstance(value, dict):
        raise InvalidArguments([{"pointer": "#", "detail": "Must be a JSON object."}])
    return value
