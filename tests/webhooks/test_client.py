"""One POST: to a checked address, within a time, and nothing is followed."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from app.jobs.webhooks import client
from app.jobs.webhooks.client import Address, DeliveryFailed, is_public, post

from .receiver import CERTIFICATE, Receiver, receiver


def anywhere(_address: Address) -> bool:
    """Every address may be connected to."""
    return True


def means(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name mean these addresses; the names that are asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            asked.append(host)
            found = [real(address, port, *args, **options) for address in addresses]
            return [entry for entries in found for entry in entries]
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize("status", [200, 204, 302, 410, 500])
def test_the_status_is_told_and_nothing_followed(status: int) -> None:
    """The path, the query and the body arrive as they are; a redirect is a status like any other."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", here.url("/elsewhere"))
        handler.end_headers()

    with receiver() as here:
        here.answer = answer
        assert post(here.url("/a%20b?c=d&e"), b"{}", {"X-One": "1"}, anywhere) == status
        [got] = here.received
        assert (got.path, got.raw, got.headers["X-One"]) == ("/a%20b?c=d&e", b"{}", "1")
        assert got.headers["Host"] == f"127.0.0.1:{here.port}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.0.0.1", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("0.0.0.0", False),
        ("100.64.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False),
        ("::", False), ("fe80::1", False), ("fc00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("::ffff:93.184.216.34", True),
    ],
)  # fmt: skip
def test_what_is_an_address_of_the_internet(address: str, public: bool) -> None:
    """Neither loopback, private, link-local, shared, multicast, reserved nor unspecified, mapped or not."""
    assert is_public(ipaddress.ip_address(address)) == public


def test_a_name_that_means_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is connected to, and the message says what to list."""
    means(monkeypatch, "127.0.0.1", "::1")
    with receiver() as here:
        with pytest.raises(DeliveryFailed, match=r"hooks\.test is at .*JOBS_WEBHOOK_HOSTS"):
            post(here.url(host="hooks.test"), b"{}", {}, is_public)
        assert here.received == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is resolved once, and of its addresses the one that may be is taken."""
    asked = means(monkeypatch, "10.255.255.1", "127.0.0.1")
    with receiver() as here:
        loopback = ipaddress.ip_address("127.0.0.1")
        assert post(here.url(host="hooks.test"), b"{}", {}, lambda address: address == loopback) == 204
        assert asked == ["hooks.test"]
        assert here.received[0].headers["Host"] == f"hooks.test:{here.port}"


def test_an_address_that_is_not_reached_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a host with several, where the first one refuses."""
    means(monkeypatch, "127.0.0.2", "127.0.0.1")
    with receiver() as here:
        assert post(here.url(host="hooks.test"), b"{}", {}, anywhere) == 204
        means(monkeypatch, "127.0.0.2")
        with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
            post(here.url(host="hooks.test"), b"{}", {}, anywhere)


def test_tls_verifies_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of that name is let pass where its signer is known, one of another name is not."""
    means(monkeypatch, "127.0.0.1")
    with receiver(tls=True) as here:
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            post(here.url(scheme="https", host="hooks.test"), b"{}", {}, anywhere)
        client.tls_context.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert post(here.url(scheme="https", host="hooks.test"), b"{}", {}, anywhere) == 204
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            post(here.url(scheme="https", host="other.test"), b"{}", {}, anywhere)
        client.tls_context.cache_clear()
        assert len(here.received) == 1


def _dribble(handler: BaseHTTPRequestHandler) -> None:
    """A byte at a time, for ever."""
    pause = threading.Event()
    try:
        while True:
            handler.wfile.write(b"H")
            pause.wait(0.05)
    except OSError:
        pass


def _silent(_handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(3)


def _endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    try:
        for number in range(1_000):
            handler.send_header(f"X-{number}", "x" * 1_000)
        handler.end_headers()
    except OSError:
        pass


def _endless_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        pass


def _nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\0\xff nonsense\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_dribble, "did not answer in time"), (_silent, "did not answer in time"),
        (_endless_headers, "got more than 100 headers"), (_nonsense, "BadStatusLine"),
    ],
)  # fmt: skip
def test_a_bad_receiver_costs_no_more_than_the_limit(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[BaseHTTPRequestHandler], None], words: str
) -> None:
    """Silent, slow, endless or not HTTP: it is a failure soon, which names the host and no path."""
    monkeypatch.setattr(client, "LIMIT", 0.6)
    monkeypatch.setattr(client, "STEP_LIMIT", 0.4)
    with receiver() as here:
        here.answer, begun = answer, time.monotonic()
        with pytest.raises(DeliveryFailed, match=words) as failed:
            post(here.url("/a-secret-path"), b"{}", {}, anywhere)
        assert time.monotonic() - begun < 2
        assert "127.0.0.1" in str(failed.value)
        assert "secret" not in str(failed.value)


def test_an_endless_body_is_not_read() -> None:
    """The status is all that is wanted."""
    with receiver() as here:
        here.answer, begun = _endless_body, time.monotonic()
        assert post(here.url(), b"{}", {}, anywhere) == 200
        assert time.monotonic() - begun < 2


def test_who_is_not_there_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port, and a name that means nothing."""
    with receiver() as here:
        url = here.url()
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        post(url, b"{}", {}, anywhere)
    for name in ("no-such-name.invalid", "x" * 200 + ".example"):
        with pytest.raises(DeliveryFailed, match="cannot be resolved"):
            post(f"http://{name}/", b"{}", {}, anywhere)


def test_a_large_body_arrives_whole() -> None:
    """As large as the result of a job may be."""
    body = b"x" * (2 * 1024 * 1024)
    with receiver() as here:
        assert post(here.url(), body, {}, anywhere) == 204
        assert _only(here) == body


def _only(here: Receiver) -> bytes:
    [got] = here.received
    return got.raw
