"""`GET /jobs/{id}/stream`: server-sent events that can be resumed, within the bound of what may wait."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Response
from werkzeug.test import TestResponse

from app.jobs import current_job
from app.jobs.api import streams
from app.jobs.api.long_poll import SLOTS_KEY
from app.jobs.ids import new_id

from ..reliability.database_faults import outage
from .api_client import API, ApiClient, api_client, is_problem


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


def add_say(here: ApiClient) -> None:
    """A task that says what it is told in each way."""

    @here.jobs.task
    def say(value: Any, api_key: str = "") -> None:
        current_job.progress(1, 2, data=value)
        current_job.log.info("it is %s", api_key)
        current_job.emit(value)
        try:
            raise ValueError("no luck")
        except ValueError:
            current_job.log.exception("failed")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app with that task, whose jobs run when they are drained."""
    with api_client(tmp_path) as made:
        add_say(made)
        yield made


@pytest.fixture
def waiting(here: ApiClient) -> Iterator[tuple[str, Iterator[str]]]:
    """The path of the stream of a job that waits, and what comes on it; its beginning has come."""
    path = f"/jobs/{here.submit()['id']}/stream"
    with here.get(path) as response:
        chunks = (chunk.decode() for chunk in response.iter_encoded())
        assert [event.data["to"] for event in parsed(next(chunks))] == ["queued"]
        yield path, chunks


def said(here: ApiClient, value: Any = None, **args: Any) -> str:
    """The path of the stream of a job that has said this and has ended."""
    job = here.submit("say", args={"value": value, **args})
    here.drain()
    return f"/jobs/{job['id']}/stream"


def test_a_stream_is_not_kept_back(here: ApiClient) -> None:
    """Neither by a cache nor by a proxy; it says when to come back, and gives its thread back at its end."""
    response = here.get(said(here))
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.text.startswith("retry: 2000\n\nid: ")
    assert slots(here) == 0


def test_events_are_those_of_the_other_routes(here: ApiClient) -> None:
    """States as in /events, progress as in the job, lines as in /logs; data as it was emitted."""
    path = said(here, {"a": "\r\n\ndata: ☃"})
    job = path.removesuffix("/stream")
    events = parsed(here.get(path).text)
    assert [event.event for event in events] == ["state", "log", "data", "log", "progress"]
    assert events[0].data == here.get(f"{job}/events").get_json()["items"][-1]
    assert [events[1].data, events[3].data] == here.get(f"{job}/logs").get_json()["items"]
    assert events[4].data == here.get(job).get_json()["progress"]
    assert events[2].data == {"a": "\r\n\ndata: ☃"}


def test_a_stream_goes_on_where_it_was_cut(here: ApiClient) -> None:
    """By the header of browsers or by `after`, of which the header is newer; behind all there is 204."""
    path = said(here)
    events = parsed(here.get(path).text)
    for at, event in enumerate(events[:-1]):
        rest = events[at + 1 :]
        assert parsed(here.get(f"{path}?after={event.id}").text) == rest
        headers = {"Last-Event-ID": event.id}
        assert parsed(here.get(f"{path}?after={events[0].id}", headers=headers).text) == rest
    over = here.get(path, headers={"Last-Event-ID": events[-1].id})
    assert (over.status_code, over.get_data(), slots(here)) == (204, b"", 0)


def test_secrets_and_tracebacks_are_for_those_who_may_see_them(tmp_path: Path) -> None:
    """Redacted as everywhere; the traceback of a line only for who may operate; no stream for who may not."""
    tokens = {"reader-of-jobs-1": ["read"], "operator-of-jobs-1": ["operate"]}
    with api_client(tmp_path, api_tokens=tokens) as here:
        add_say(here)
        with here.app.app_context():
            args = {"value": {"password": "p-123456"}, "api_key": "k-12345678"}
            path = f"/jobs/{here.jobs.submit('say', args).id}/stream"
            here.jobs.testing.drain()
        is_problem(here.get(path), 401, "unauthorized")
        for token, (right,) in tokens.items():
            response = here.get(path, headers={"Authorization": f"Bearer {token}"})
            assert not {word for word in ("p-123456", "k-12345678") if word in response.text}
            (state, line, data, failed, progress) = parsed(response.text)
            assert state.data["to"] == "succeeded"
            assert (progress.data["data"], data.data) == ({"password": "[redacted]"},) * 2
            assert line.data["message"] == "it is [redacted]"
            assert (failed.data["traceback"] is not None) == (right == "operate")


@pytest.mark.parametrize("query", ["after=x", "after=1&after=1", "after=", "level=info", "wait=5"])
def test_a_bad_parameter_is_400(here: ApiClient, query: str) -> None:
    """Nothing else than what is documented is understood."""
    is_problem(here.get(f"{said(here)}?{query}"), 400, "bad-parameter")


@pytest.mark.parametrize("sent", ["x", "1", "\x00", "é", "-1-0.0-0.0-0", "1-0.0-0.0-0, 1-0.0-0.0-0"])
def test_an_id_that_no_stream_gave_is_400(here: ApiClient, sent: str) -> None:
    """Whatever bytes a client sends back."""
    is_problem(here.get(said(here), headers={"Last-Event-ID": sent}), 400, "bad-parameter")


def test_an_unknown_job_has_no_stream(here: ApiClient) -> None:
    """404, as for the job itself."""
    is_problem(here.get(f"/jobs/{new_id()}/stream"), 404, "not-found")
    is_problem(here.get("/jobs/x/stream"), 404, "not-found")


def test_head_and_other_methods(here: ApiClient) -> None:
    """HEAD has the headers and holds nothing; what else there is says Allow."""
    path = f"/jobs/{here.submit()['id']}/stream"
    head = here.client.head(API + path)
    assert (head.status_code, head.get_data(), slots(here)) == (200, b"", 0)
    assert head.headers["Content-Type"].startswith("text/event-stream")
    assert here.post(path, {}).headers["Allow"] == "GET, HEAD, OPTIONS"


def test_streams_and_long_polls_share_a_bound(here: ApiClient, waiting: tuple[str, Any]) -> None:
    """Half of the server's threads in all: above it 503; a client that goes gives its place back."""
    path, _ = waiting
    here.app.extensions["simmer"].server_threads = 4
    job = path.removesuffix("/stream")
    with here.get(path) as second:
        assert (second.status_code, slots(here)) == (200, 2)
        third = here.get(path)
        assert is_problem(third, 503, "unavailable")["detail"].startswith("As many requests wait")
        assert third.headers["Retry-After"] == "1"
        assert "Preference-Applied" not in here.get(f"{job}?wait=5").headers
    assert slots(here) == 1
    assert here.get(f"{job}?wait=0.05").headers["Preference-Applied"] == "wait=0.05"


def test_a_response_that_nobody_sends_holds_nothing(here: ApiClient) -> None:
    """Where a function of the host's raises after the request, the place is free again."""

    @here.app.after_request
    def fail(response: Response) -> Response:
        if response.mimetype == "text/event-stream":
            raise RuntimeError
        return response

    path = f"/jobs/{here.submit()['id']}/stream"
    here.app.config["PROPAGATE_EXCEPTIONS"] = False
    here.app.logger.disabled = True  # the tests' own handler keeps what is logged, and with it the response
    assert here.get(path).status_code == 500
    gc.collect()
    assert slots(here) == 0


def test_silence_is_broken_by_comments(
    here: ApiClient, waiting: tuple[str, Iterator[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that proxies and clients do not take it for dead; what happens then is sent."""
    path, chunks = waiting
    monkeypatch.setattr(streams, "HEARTBEAT_EVERY", 0.0)
    assert next(chunks) == ": heartbeat\n\n"
    here.post(path.replace("/stream", "/cancel"))
    rest = "".join(chunks).replace(": heartbeat\n\n", "")
    assert [event.data["to"] for event in parsed(rest)] == ["cancelled"]


def test_a_stream_ends_where_the_process_drains(here: ApiClient, waiting: tuple[str, Iterator[str]]) -> None:
    """At once, so that nobody waits for it; no other one begins."""
    path, chunks = waiting
    here.app.extensions["simmer"].drain(0, lambda: True)
    assert list(chunks) == []
    assert here.get(path).headers["Retry-After"] == "1"


def test_a_stream_ends_with_a_stop_that_is_over_at_once(tmp_path: Path) -> None:
    """A client that looks only afterwards sees it too, also where the threads run again."""
    with api_client(tmp_path, engine="thread", threads=1) as here, here.app.app_context():
        here.jobs.start()
        with here.get(f"/jobs/{here.submit(delay=60)['id']}/stream") as response:
            chunks = response.iter_encoded()
            assert next(chunks)
            here.jobs.stop(timeout=5)
            here.jobs.start()
            assert list(chunks) == []


def test_an_outage_does_not_end_a_stream(here: ApiClient, waiting: tuple[str, Iterator[str]]) -> None:
    """A browser that is answered 503 does not come back: the stream stays, and goes on afterwards."""
    path, chunks = waiting
    rest: list[str] = []
    reader = threading.Thread(target=lambda: rest.extend(chunks))
    runtime = here.app.extensions["simmer"]
    with outage(runtime.database):
        reader.start()
        threading.Event().wait(0.3)
        is_problem(here.get(path), 503, "unavailable")
        assert reader.is_alive()
    here.post(path.replace("/stream", "/cancel"))
    reader.join(20)
    assert [event.data["to"] for event in parsed("".join(rest))] == ["cancelled"]


def test_a_stream_ends_where_its_job_is_deleted(here: ApiClient, waiting: tuple[str, Iterator[str]]) -> None:
    """Without an error in the middle; whoever comes back is answered 404."""
    path, chunks = waiting
    job = path.removesuffix("/stream")
    with here.app.app_context():
        here.jobs.cancel(job.rpartition("/")[2])
        here.jobs.delete(job.rpartition("/")[2])
    assert list(chunks) == []
    is_problem(here.get(path), 404, "not-found")


def test_pages_of_other_origins_may_follow(tmp_path: Path) -> None:
    """Those that are listed, with a token; they may say where they were."""
    page = "https://app.example.com"
    config: dict[str, Any] = {"api_tokens": {"token-operate": ["operate"]}, "cors_origins": [page]}
    with api_client(tmp_path, **config) as here:
        headers = {"Authorization": "Bearer token-operate", "Origin": page}
        with here.app.app_context():
            path = f"{API}/jobs/{here.jobs.submit('add').id}/stream"
            here.jobs.testing.drain()
        response: TestResponse = here.client.get(path, headers=headers)
        assert response.headers["Access-Control-Allow-Origin"] == page
        asked = {"Origin": page, "Access-Control-Request-Method": "GET"}
        allowed = here.client.open(path, method="OPTIONS", headers=asked).headers
        assert "Last-Event-ID" in allowed["Access-Control-Allow-Headers"]


def test_nothing_of_the_request_is_held_open(here: ApiClient) -> None:
    """The context of the request, and with it a session of the host's, ends before the stream does."""
    torn_down: list[str] = []
    here.app.teardown_request(lambda error: torn_down.append("request"))
    path = f"/jobs/{here.submit()['id']}/stream"
    torn_down.clear()
    with here.get(path) as response:
        assert next(iter(response.iter_encoded()))
        assert (torn_down, slots(here)) == (["request"], 1)
