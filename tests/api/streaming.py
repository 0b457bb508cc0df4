"""What the tests of streams share: their events, and how many requests wait."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from app.jobs.api.long_poll import SLOTS_KEY

from .api_client import ApiClient


class Event(NamedTuple):
    """A block of a stream."""

    id: str
    event: str
    data: Any


def parsed(text: str) -> list[Event]:
    """The events of a stream, read line by line as a browser does."""
    found, fields = list[Event](), dict[str, str]()
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        if line and name:
            assert name in ("id", "event", "data", "retry"), line
            fields[name] = value
        elif fields.keys() == {"id", "event", "data"}:
            found.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
            fields = {}
        elif not line:
            assert fields in ({}, {"retry": "2000"})
            fields = {}
    return found


def slots(here: ApiClient) -> int:
    """How many requests wait."""
    waiting: int = here.app.extensions[SLOTS_KEY].waiting
    return waiting
