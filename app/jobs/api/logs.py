"""Routes of the log of a job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import Headers

from ..serialization.log_text import present_line, text_of_line
from ..service import runtime
from ..values import LogPage
from . import long_poll
from .access import has_right
from .requests import JSON, job_id
from .responses import NO_STORE, FinalResponse, json_response
from .schemas import LogsQuerySchema
from .validation import read_query

TEXT: Final = "text/plain"
_QUERY: Final = LogsQuerySchema()


def list_logs(id: str) -> Response:
    """`GET /jobs/{id}/logs`: what the job has logged behind a cursor, as JSON or text."""
    query = read_query(_QUERY)
    page, headers = _page(job_id(id), query["after"], query["level"], long_poll.requested_wait(query["wait"]))
    headers |= {"Link": _next_link(page), "Vary": "Accept"}
    if not page.is_last:
        headers.setdefault("Retry-After", "1")
    with_traceback = has_right("operate")
    if request.accept_mimetypes.best_match((JSON, TEXT), JSON) == TEXT:
        return _text_response("".join(f"{text_of_line(line, with_traceback)}\n" for line in page), headers)
    items = [present_line(line, with_traceback) for line in page]
    return json_response({"items": items, "next_cursor": page.next_cursor}, headers=headers)


def _page(
    id: str, after: str | None, level: str | None, seconds: float | None
) -> tuple[LogPage, dict[str, str]]:
    """Lines, waited for where there are none yet, and the headers that tell whether that was honoured."""
    logs = runtime().logs
    page = logs.read(id, after, level)
    if seconds is None:
        return page, {}
    honoured = {"Preference-Applied": f"wait={seconds:g}"}
    if page or page.is_last or seconds == 0:
        return page, honoured
    with long_poll.waiting_slot() as has_slot:
        # Not the app's clock: a test may have stopped it, and the wait would never end.
        end = time.monotonic() + seconds
        while has_slot and not runtime().draining:
            left = end - time.monotonic()
            page = logs.wait(id, min(left, long_poll.DRAIN_CHECK_EVERY), page.next_cursor, level)
            if page or page.is_last or left <= long_poll.DRAIN_CHECK_EVERY:
                return page, honoured
    return page, {}


def _next_link(page: LogPage) -> str:
    kept: Mapping[str, Any] = {**request.args.to_dict(), "after": page.next_cursor}
    return f'<{request.script_root}{request.path}?{urlencode(kept)}>; rel="next"'


def _text_response(text: str, headers: Mapping[str, str]) -> Response:
    body = text.encode()
    fixed = {"Content-Type": f"{TEXT}; charset=utf-8", "Content-Length": str(len(body)), **NO_STORE}
    return FinalResponse([body], 200, Headers({**fixed, **headers}))
