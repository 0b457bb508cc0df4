"""Streams while they wait: their bound, their silence, and what ends them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response

from app.jobs import current_job, log_buffer
from app.jobs.api import streams
from app.jobs.store import emitted

from ..reliability.database_faults import outage
from .api_client import ApiClient, api_client, is_problem
from .streaming import parsed, slots


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app whose jobs run when they are drained."""
    with api_client(tmp_path) as made:
        yield made


@pytest.fixture
def waiting(here: ApiClient) -> Iterator[tuple[str, Iterator[str]]]:
    """The path of the stream of a job that waits, and what comes on it; its beginning has come."""
    path = f"/jobs/{here.submit()['id']}/stream"
    with here.get(path) as response:
        chunks = (chunk.decode() for chunk in response.iter_encoded())
        assert [event.data["to"] for event in parsed(next(chunks))] == ["queued"]
        yield path, chunks


def test_streams_and_long_polls_share_a_bound(here: ApiClient, waiting: tuple[str, Any]) -> None:
    """Half of the server's threads in all: above it 503; a client that goes gives its place back."""
    path, _ = waiting
    here.app.extensions["simmer"].server_threads = 4
    job = path.removesuffix("/stream")
    with here.get(path) as second:
        assert (second.status_code, slots(here)) == (200, 2)
        done = here.submit(delay=60)
        here.post(f"/jobs/{done['id']}/cancel")
        assert (
            here.get(f"/jobs/{done['id']}/stream").status_code == 200
        )  # of a job that has ended: it waits for nothing
        third = here.get(path)
        assert is_problem(third, 503, "unavailable")["detail"].startswith("As many requests wait")
        assert third.headers["Retry-After"] == "1"
        assert "Preference-Applied" not in here.get(f"{job}?wait=5").headers
    assert slots(here) == 1
    assert here.get(f"{job}?wait=0.05").headers["Preference-Applied"] == "wait=0.05"


def test_what_has_no_place_does_not_wait(here: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream of a job that had ended is cut where the job is retried meanwhile; the next one goes on."""
    monkeypatch.setattr(emitted, "MOST_ROWS", 1)

    @here.jobs.task
    def emit() -> None:
        for _ in range(3):
            current_job.emit("x" * 16_000)

    monkeypatch.setattr(log_buffer, "CHUNK_BYTES", 1)
    path = f"/jobs/{here.submit('emit')['id']}/stream"
    here.drain()
    with here.get(path) as response:
        chunks = (chunk.decode() for chunk in response.iter_encoded())
        before = parsed(next(chunks))
        assert (len(before), slots(here)) == (1, 0)
        here.post(path.replace("/stream", "/retry"))
        before += parsed("".join(chunks))
    here.drain()
    rest = parsed(here.get(path, headers={"Last-Event-ID": before[-1].id}).text)
    assert len([event for event in (*before, *rest) if event.event == "data"]) == 6
    assert [event.data["to"] for event in (*before, *rest) if event.event == "state"] == [
        "queued", "running", "succeeded"
    ]  # fmt: skip


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


def test_nothing_of_the_request_is_held_open(here: ApiClient) -> None:
    """The context of the request, and with it a session of the host's, ends before the stream does."""
    torn_down: list[str] = []
    here.app.teardown_request(lambda error: torn_down.append("request"))
    path = f"/jobs/{here.submit()['id']}/stream"
    torn_down.clear()
    with here.get(path) as response:
        assert next(iter(response.iter_encoded()))
        assert (torn_down, slots(here)) == (["request"], 1)
