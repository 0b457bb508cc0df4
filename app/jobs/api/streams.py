"""`GET /jobs/{id}/stream`: what happens to a job as server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from ..errors import DatabaseUnavailable, JobNotFound
from ..serialization.log_text import present_line
from ..serialization.presenter import dump, present_progress
from ..service import runtime
from ..service.streams import JobStream
from ..values import StreamEvent
from . import long_poll
from .access import has_right
from .disconnects import disconnect_check
from .links import BY_LINK
from .problems import Problem
from .requests import job_id
from .responses import FinalResponse, empty_response, redactor
from .schemas import StreamQuerySchema
from .validation import read_query

HEARTBEAT_EVERY: Final = 15.0
"""Seconds after which a stream on which nothing happens has a comment, so that nobody takes it for dead."""
RECONNECT_AFTER: Final = b"retry: 2000\n\n"
"""The milliseconds after which a browser is to come back."""
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx, which would keep the events until there are many
    "X-Content-Type-Options": "nosniff",
}
_NOT_BY_LINK: Final = ("worker", "reason", "by")
"""What of a transition tells of workers and operators: null for who comes by a link to the job."""
_QUERY: Final = StreamQuerySchema()
Format = Callable[[StreamEvent], bytes]


def stream_job(id: str) -> Response:
    """`GET /jobs/{id}/stream`: what happens from now on, or behind Last-Event-ID; 204 where that is all."""
    after = read_query(_QUERY)["after"]
    stream = runtime().streams.open(job_id(id), request.environ.get("HTTP_LAST_EVENT_ID") or after)
    first = stream.wait(0)
    if stream.is_over and not first:
        return empty_response(204)  # upon which a browser does not come back
    if request.method == "HEAD":
        return FinalResponse([], 200, Headers(HEADERS))
    # What a job that has ended has said is sent without waiting, as any other response.
    waits = stream.is_live
    slot = _take_slot() if waits else ExitStack()
    drains, has_gone = runtime().drain_check(), disconnect_check(request.environ)

    def must_end() -> bool:
        # Also where it was retried meanwhile, and has no slot to wait in.
        return drains() or has_gone() or (stream.is_live and not waits)

    chunks = _chunks(stream, first, _format(), must_end, slot)
    # Closed by the server in any case: also where it never begins to send, and nothing in `_chunks` runs.
    body = ClosingIterator(chunks, [slot.close])
    # Passed through as it is: what a host does after a request must not read it to its end.
    return FinalResponse(body, 200, Headers(HEADERS), direct_passthrough=True)


def _take_slot() -> ExitStack:
    slot = ExitStack()
    if not slot.enter_context(long_poll.waiting_slot()) or runtime().draining:
        slot.close()
        detail = "As many requests wait here as may at a time: try again, or poll the job."
        raise Problem("unavailable", detail, headers={"Retry-After": "1"})
    return slot


def _chunks(
    stream: JobStream, first: list[StreamEvent], formatted: Format, must_end: Callable[[], bool],
    slot: ExitStack,
) -> Iterator[bytes]:  # fmt: skip
    """The body. It outlives the context of its request, so that nothing of the host's is held open."""
    with slot:
        yield RECONNECT_AFTER + b"".join(map(formatted, first))
        sent_at = time.monotonic()
        while not stream.is_over and not must_end():
            try:
                chunk = b"".join(map(formatted, _next(stream)))
            except JobNotFound:  # deleted, which the next request is told
                return
            if not chunk and time.monotonic() - sent_at >= HEARTBEAT_EVERY:
                chunk = b": heartbeat\n\n"
            if chunk:
                yield chunk
                sent_at = time.monotonic()


def _next(stream: JobStream) -> list[StreamEvent]:
    try:
        return stream.wait(long_poll.DRAIN_CHECK_EVERY)
    except DatabaseUnavailable:
        # The connection stays: a browser whose next request is answered 503 would give up for good.
        threading.Event().wait(long_poll.DRAIN_CHECK_EVERY)
        return []


def _format() -> Format:
    """Makes the text of an event, for the rights of the current request."""
    redact, with_traceback = redactor(), has_right("operate")
    hidden = dict.fromkeys(_NOT_BY_LINK) if BY_LINK in request.environ else {}
    present: dict[str, Callable[[Any], Any]] = {
        "state": lambda state: {**state, **hidden},
        "progress": lambda progress: present_progress(progress, redact),
        "log": lambda line: present_line(line, with_traceback),
        "data": redact,
    }

    def formatted(event: StreamEvent) -> bytes:
        # JSON has no line ends of its own, which would end the event.
        data = dump(present[event.type](event.data))
        return f"id: {event.id}\nevent: {event.type}\ndata: ".encode() + data + b"\n\n"

    return formatted
