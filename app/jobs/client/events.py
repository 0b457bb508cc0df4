"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) of a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..values import StreamEvent

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of a line that are read, at most."""
LONGEST_RETRY: Final = 60.0
"""Seconds: the longest pause that a server can ask for."""


class EventReader:
    """Reads events from the lines of a stream; `retry` is the pause in seconds that the server asks for."""

    def __init__(self) -> None:
        self.last_id, self.retry = "", 2.0

    def read(self, lines: Iterable[bytes]) -> Iterator[StreamEvent]:
        """Each event that is complete; what is cut off is none."""
        # Of an event that is cut off the id is not kept: it has to come again.
        kind, data, id = "", list[str](), self.last_id
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not text:
                self.last_id = id
                if data:
                    yield StreamEvent(id=self.last_id, type=kind or "message", data=_parsed("\n".join(data)))
                kind, data = "", []
                continue
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                id = value
            elif name == "retry" and value.isascii() and value.isdigit():
                self.retry = min(LONGEST_RETRY, int(value[:9]) / 1000)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
