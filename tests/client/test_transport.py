"""Requests over a network that fails: repeated where that is safe, and never for longer than was said."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from app.jobs import JobNotFound, QueueFull
from app.jobs.client import ApiError, ServerUnreachable, SimmerClient

from .conftest import TOKEN, Service
from .serving import Proxy, answering

ID = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    """What stands between a client and the service."""
    made = Proxy(service.address)
    yield made
    made.close()


def test_a_lost_answer_makes_no_second_job(service: Service, proxy: Proxy) -> None:
    """The request was served and its answer was not: the same job is returned, and there is one."""
    tag = uuid4().hex
    with SimmerClient(proxy.address, TOKEN) as client:
        proxy.losses = 2
        job = client.submit("add", {"a": 2}, tags=[tag])
        assert proxy.losses == 0
        proxy.losses = 1
        made = client.submit_many("add", [{}, {}], tags=[tag])
        proxy.losses = 1
        run = client.run_schedule("hourly")
        assert proxy.losses == 0
    found = {each.id for each in service.client.list(tag=tag)}
    assert found == {job.id, *made.job_ids}
    assert [each.id for each in service.client.list(schedule_id="hourly")] == [run.id]


def test_a_key_of_ones_own_outlives_the_client(service: Service) -> None:
    """A second client that sends the same one gets the first job, also with what has to be quoted."""
    key = f'job "of" {uuid4()}, the \\first'
    first = service.client.submit("add", {"a": 5}, idempotency_key=key)
    with SimmerClient(service.address, TOKEN) as other:
        assert other.submit("add", {"a": 5}, idempotency_key=key).id == first.id
        with pytest.raises(ApiError, match="422"):
            other.submit("add", {"a": 6}, idempotency_key=key)
        for bad in ("", "é", "a\nb", "x" * 256):
            with pytest.raises(ValueError, match="idempotency_key"):
                other.submit("add", idempotency_key=bad)


def test_a_lost_answer_to_a_deletion_is_none(service: Service, proxy: Proxy) -> None:
    """What the first request has deleted is not missed by the second."""
    id = service.client.submit("add").id
    service.client.wait(id, 10)
    with SimmerClient(proxy.address, TOKEN) as client:
        proxy.losses = 1
        client.delete(id)
        assert proxy.losses == 0
        with pytest.raises(JobNotFound):
            client.delete(id)


def test_connections_are_kept(service: Service, proxy: Proxy) -> None:
    """Many requests take one; one that the server has closed meanwhile is made again, unnoticed."""
    with SimmerClient(proxy.address, TOKEN, retry_for=0) as client:
        for _ in range(5):
            client.submit("add")
        assert proxy.connections == 1
        proxy.cut()
        client.submit("add")
        assert proxy.connections == 2


def test_what_is_not_safe_is_not_repeated(service: Service, proxy: Proxy) -> None:
    """A retry whose answer is lost may have happened: the caller is told, and it has happened once."""
    id = service.client.submit("add").id
    service.client.wait(id, 10)
    with SimmerClient(proxy.address, TOKEN) as client:
        client.get(id)
        proxy.losses = 1
        with pytest.raises(ServerUnreachable):
            client.retry(id)
    assert service.client.wait(id, 10).attempt == 2


def test_nobody_listens() -> None:
    """It is tried again for as long as was said, and the message says what happened."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client = SimmerClient(f"http://127.0.0.1:{port}", retry_for=0.3)
    begun = time.monotonic()
    with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{port} does not answer: ConnectionRefusedError"):
        client.submit("add")
    assert time.monotonic() - begun < 5


@contextmanager
def silent(drip: bytes = b"") -> Iterator[str]:
    """A server that accepts, and says nothing, or again and again `drip`."""
    listener, ended = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        with client:
            try:
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" if drip else b"")
                while not ended.wait(0.05):
                    client.sendall(drip)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()


@pytest.mark.parametrize("drip", [b"", b"x"])
def test_a_server_that_takes_its_time_is_not_waited_for(drip: bytes) -> None:
    """Neither where nothing comes, nor where a byte comes again and again."""
    with silent(drip) as address:
        client = SimmerClient(address, timeout=0.4, retry_for=0)
        begun = time.monotonic()
        with pytest.raises(ServerUnreachable, match="TimeoutError"):
            client.get(ID)
        assert time.monotonic() - begun < 3


class Scripted(BaseHTTPRequestHandler):
    """Answers requests with what `script` says, one after the other; notes what was sent."""

    script: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    seen: ClassVar[list[tuple[str, str | None, float]]] = []

    def answer(self) -> None:
        """The next answer."""
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        type(self).seen.append((self.path, self.headers["Idempotency-Key"], time.monotonic()))
        status, headers, body = type(self).script.pop(0)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer


@pytest.fixture
def scripted() -> Iterator[tuple[Any, str]]:
    """A server that answers by a script, and its address."""
    handler = type("Handler", (Scripted,), {"script": [], "seen": []})
    with answering(handler) as address:
        yield handler, address


FULL = (
    b'{"type":"urn:flask-simmer:problem:queue-full","title":"The backlog is full","status":503,"detail":"!"}'
)
IN_FLIGHT = b'{"type":"urn:flask-simmer:problem:idempotency-in-flight","title":"x","status":409,"detail":""}'


def test_a_server_that_says_later_is_asked_later(scripted: tuple[Any, str]) -> None:
    """After as long as it says, with the same key."""
    handler, address = scripted
    handler.script += [
        (503, {"Retry-After": "1"}, FULL), (409, {"Retry-After": "0"}, IN_FLIGHT), (502, {}, b"<html>"),
        (202, {}, b'{"batch_id":"b","items":[]}'),
    ]  # fmt: skip
    assert SimmerClient(address).submit_many("add", []).id == "b"
    (_, key, first), (_, again, second), *_ = handler.seen
    assert key == again != ""
    assert second - first >= 1
    assert len(handler.seen) == 4


def test_it_is_not_asked_for_longer_than_was_said(scripted: tuple[Any, str]) -> None:
    """The last answer is raised at once where the next one would come too late."""
    handler, address = scripted
    handler.script.append((503, {"Retry-After": "60"}, FULL))
    with pytest.raises(QueueFull) as refused:
        SimmerClient(address, retry_for=5).submit("add")
    assert isinstance(refused.value, ApiError)
    assert (refused.value.status, refused.value.detail, len(handler.seen)) == (503, "!", 1)


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (302, {"Location": "https://elsewhere/"}, b"", "https://elsewhere/"),
        (404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>", "no API .*<h1>Not Found"),
        (500, {}, b"\xff\xfe", "500"),
        (200, {}, b"<html>a portal</html>", "portal"),
        (200, {}, b'{"no": "job"}', "no"),
        (200, {}, b"[]", r"\[\]"),
        (200, {}, b"[" * 100_000, r"\[\["),
        (400, {}, b'{"title": "x", "errors": 5, "type": []}', "400 x"),
    ],
)
def test_who_is_no_api_is_named(
    scripted: tuple[Any, str], status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    """A page, a redirect or another program's JSON is an error that shows it."""
    handler, address = scripted
    handler.script.append((status, headers, body))
    with pytest.raises(ApiError, match=words) as refused:
        SimmerClient(address).get(ID)
    assert (refused.value.status, refused.value.errors) == (status, [])
