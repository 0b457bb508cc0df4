"""A stream of a job's events over as many connections as it takes."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from ..values import StreamEvent
from .answer import Answer, seconds_of
from .errors import ServerUnreachable, error_of
from .events import MAX_LINE, EventReader
from .transport import TRY_LATER, ConnectionLost, Transport

SILENCE: Final = 45.0
"""Seconds without a byte after which a connection counts as lost: three heartbeats of the server."""


class Stream:
    """The events of one job; `has_ended` asks the API whether that is final."""

    def __init__(self, transport: Transport, path: str, has_ended: Callable[[], bool]) -> None:
        self._transport, self._path, self._has_ended = transport, path, has_ended
        self._reader, self._was_lost, self._is_over = EventReader(), False, False
        self._pause: float | None = None

    def read(self, after: str = "") -> Iterator[StreamEvent]:
        """Each event, from behind `after` on; raises ApiError, ServerUnreachable."""
        self._reader.last_id = after
        last_seen, ended = time.monotonic(), False
        while True:
            count = 0
            for event in self._connect():
                count, last_seen = count + 1, time.monotonic()
                yield event
                if event.is_last:
                    return
            # Without the last event: a proxy has cut it, or it had come before `after`.
            if self._is_over or (count == 0 and ended):
                return
            ended = not self._was_lost and self._has_ended()
            if self._was_lost and time.monotonic() - last_seen > self._transport.retry_for:
                raise ServerUnreachable(f"the stream {self._path} is lost, and cannot be had again")
            pause = self._reader.retry * random.uniform(0.5, 1.0) if self._pause is None else self._pause
            threading.Event().wait(0.0 if ended else pause)

    def _connect(self) -> Iterator[StreamEvent]:
        """The events of one connection."""
        self._was_lost, self._pause = True, None
        last = {"Last-Event-ID": self._reader.last_id} if self._reader.last_id else {}
        try:
            conn, response = self._transport.open(
                self._path, {"Accept": "text/event-stream", **last}, SILENCE
            )
        except ConnectionLost:
            return
        try:
            if response.status in TRY_LATER:
                self._pause = seconds_of(response.headers.get("Retry-After"))
                return
            if response.status == 204:
                self._is_over = True
                return
            if response.status != 200:
                raise error_of(Answer(response.status, response.headers, response.read()), self._path)
            yield from self._reader.read(_lines(response))
            self._was_lost = False
        except (OSError, http.client.HTTPException):
            return
        finally:
            conn.close()


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while line := response.readline(MAX_LINE):
        yield line
