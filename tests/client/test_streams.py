"""Events of a job, from servers and over networks of all kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from app.jobs import Job, JobNotFound
from app.jobs.client import ServerUnreachable, SimmerClient

from .conftest import Service
from .serving import answering

ID = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"
NOT_FOUND = b'{"type":"urn:flask-simmer:problem:not-found","title":"There is nothing here","status":404}'


def event(id: int, kind: str, data: Any) -> bytes:
    """One event as it is sent."""
    return f"id: {id}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def state(id: int, name: str) -> bytes:
    """The event of a new state."""
    return event(id, "state", {"to": name})


class Streams(BaseHTTPRequestHandler):
    """Each connection gets the next part of `parts`: bytes of a stream, or a status."""

    parts: ClassVar[list[bytes | int]] = []
    seen: ClassVar[list[str | None]] = []
    job_state = "running"

    def do_GET(self) -> None:
        """A stream, or the job."""
        if not self.path.endswith("/stream"):
            return self.answer(200, json.dumps(job(type(self).job_state)).encode())
        type(self).seen.append(self.headers["Last-Event-ID"])
        part = type(self).parts.pop(0) if type(self).parts else 503
        if isinstance(part, int):
            return self.answer(part, NOT_FOUND if part == 404 else b"")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        # In pieces: no event arrives in one.
        for at in range(0, len(part), 7):
            self.wfile.write(part[at : at + 7])
            self.wfile.flush()
        return None

    def answer(self, status: int, body: bytes) -> None:
        """A response with its length."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def job(state: str) -> dict[str, Any]:
    """As much of a job as the client asks for."""
    moment = "2030-01-31T09:00:00.000000Z"
    known = {
        "state": state,
        "created_at": moment,
        "run_at": moment,
        "progress": {},
        "tags": [],
        "depends_on": [],
    }
    return {field.name: known.get(field.name) for field in fields(Job)}


@pytest.fixture
def streams() -> Iterator[tuple[Any, SimmerClient]]:
    """A server of streams, and a client of it."""
    handler = type("Handler", (Streams,), {"parts": [], "seen": []})
    with answering(handler) as address, SimmerClient(address, retry_for=1) as client:
        yield handler, client


def test_events_come_as_they_are_sent(streams: tuple[Any, SimmerClient]) -> None:
    """Until the last state; comments, unknown fields and several lines of data as the standard has them."""
    handler, client = streams
    handler.parts.append(
        b"retry: 10\n: heartbeat\n\n" + state(1, "running") + event(2, "progress", {"current": 1})
        + b"id: 3\r\nevent: log\r\nother: x\r\ndata: [1,\r\ndata: 2]\r\n\r\n" + b"data: no JSON\n\n"
        + state(4, "succeeded") + event(5, "log", "never read")
    )  # fmt: skip
    found = list(client.stream(ID))
    assert [(each.id, each.type, each.data) for each in found] == [
        ("1", "state", {"to": "running"}),
        ("2", "progress", {"current": 1}),
        ("3", "log", [1, 2]),
        ("3", "message", "no JSON"),
        ("4", "state", {"to": "succeeded"}),
    ]
    assert handler.seen == [None]


def test_a_stream_goes_on_where_it_was_cut(streams: tuple[Any, SimmerClient]) -> None:
    """Behind the last event that was whole; a server that is busy or gone is asked again."""
    handler, client = streams
    handler.parts += [
        b"retry: 10\n\n" + state(1, "queued") + b"id: 2\nevent: state\ndata: {",
        503,
        state(2, "running") + event(3, "data", "x"),
        b"",
        event(4, "state", {"from": "running", "to": "failed"}),
    ]
    assert [each.id for each in client.stream(ID)] == ["1", "2", "3", "4"]
    assert handler.seen == [None, "1", "1", "3", "3"]


def test_a_stream_can_begin_in_the_middle(streams: tuple[Any, SimmerClient]) -> None:
    """Behind the event that the caller has seen."""
    handler, client = streams
    handler.parts.append(state(8, "cancelled"))
    assert [each.id for each in client.stream(ID, after="7")] == ["8"]
    assert handler.seen == ["7"]


@pytest.mark.parametrize("end", [b"retry: 10\n\n", 204])
def test_a_stream_ends_with_its_job(streams: tuple[Any, SimmerClient], end: bytes | int) -> None:
    """Also where the last event was seen before, and where the server says that there is no more."""
    handler, client = streams
    handler.job_state = "succeeded"
    handler.parts += [end, end]
    assert list(client.stream(ID, after="9")) == []


def test_a_job_that_is_not_there_has_no_stream(streams: tuple[Any, SimmerClient]) -> None:
    """It is said as everywhere."""
    handler, client = streams
    handler.parts.append(404)
    with pytest.raises(JobNotFound):
        next(client.stream(ID))


def test_a_stream_that_is_gone_is_given_up(streams: tuple[Any, SimmerClient]) -> None:
    """After as long as the client repeats requests."""
    handler, client = streams
    handler.parts.append(b"retry: 10\n\n" + state(1, "queued"))
    events = client.stream(ID)
    assert next(events).id == "1"
    with pytest.raises(ServerUnreachable, match="stream"):
        list(events)
    assert len(handler.seen) > 3


def test_a_job_of_a_real_service_is_followed_to_its_end(service: Service) -> None:
    """Everything that it says, the final state last, once; behind that there is nothing more."""
    job = service.client.submit("count", {"to": 2})
    for followed in (list(service.client.stream(job.id)) for _ in range(2)):
        assert [event.data["message"] for event in followed if event.type == "log"] == ["at 0", "at 1"]
        assert [event.is_last for event in followed] == [False] * (len(followed) - 1) + [True]
    assert list(service.client.stream(job.id, after=followed[-1].id)) == []
