"""A response as the transport hands it out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Any, Final

LONGEST_PAUSE: Final = 300.0
"""Seconds of a Retry-After that are believed, at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and the whole body; `is_repeated`: the request may have been served before."""

    status: int
    headers: HTTPMessage
    body: bytes
    is_repeated: bool = False

    def json(self) -> Any:
        """The body parsed; raises ValueError for what is no JSON."""
        return json.loads(self.body)

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again; None where it does not say so."""
        return seconds_of(self.headers.get("Retry-After"))


def seconds_of(retry_after: str | None) -> float | None:
    """A Retry-After in seconds; None where there is none, or one that is a date."""
    text = (retry_after or "").strip()
    return min(LONGEST_PAUSE, float(text)) if text.isascii() and text.isdigit() else None
