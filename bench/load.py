"""Sends HTTP requests over connections that are kept open, and counts the answers.

One thread over raw sockets, in a process of its own (`in_child(send, …)`). It could send several times as
many requests as Flask answers, so that it is the server that is measured. Generator and server share the
machine, in the same way for everything that is compared.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

from .table import percentile

TIMEOUT: Final = 30.0


def send(
    port: int, requests: list[str], seconds: float, connections: int = 16, every: float = 0.0
) -> dict[str, Any]:
    """Send `requests` in turn for `seconds`, over each connection the next one when the last is answered.

    With `every` a connection sends one request in so many seconds at most. Returns the seconds, how many
    answers of each status there were, and p50 and p99 of the time to an answer in ms.
    """
    texts = cycle([text.encode() for text in requests])
    load = Load(port, texts, connections, every)
    took = load.run(seconds)
    times = [1_000 * value for value in load.times]
    percentiles = {"p50": percentile(times, 50), "p99": percentile(times, 99)}
    return {"seconds": took, "statuses": dict(load.statuses), "answers": len(times), **percentiles}


def request(method: str, path: str, body: str = "", **headers: str) -> str:
    """An HTTP/1.1 request as text."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body])


class Connection:
    """One connection with at most one request under way; made anew where the server says that it closes."""

    def __init__(self, port: int, first_at: float) -> None:
        self._port = port
        self.sock = self._opened()
        self._is_closing, self._received = False, b""
        self.next_at, self.sent_at = first_at, 0.0

    def send(self, text: bytes) -> None:
        """Begin a request."""
        self.sent_at, self._received = time.perf_counter(), b""
        if self._is_closing:
            self.sock.close()
            self.sock, self._is_closing = self._opened(), False
        self.sock.sendall(text)

    def receive(self) -> int | None:
        """The status, once the answer is complete; raises ConnectionError where the server hung up."""
        part = self.sock.recv(65_536)
        if not part:
            raise ConnectionError("the server closed a connection that was to be kept")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        status = int(head[9:12])
        if status != 304 and len(body) < int(_header(head, b"content-length", b"missing")):
            return None
        self._is_closing = _header(head, b"connection", b"").lower() == b"close"
        return status

    def _opened(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class Load:
    """All connections, served by the calling thread."""

    def __init__(self, port: int, texts: Iterator[bytes], connections: int, every: float) -> None:
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self._texts, self._every = texts, every
        now = time.perf_counter()
        self._idle = [Connection(port, now + every * place / connections) for place in range(connections)]
        self._selector = selectors.DefaultSelector()

    def run(self, seconds: float) -> float:
        """Send for `seconds`, then wait for the answers that are missing; the seconds that all took."""
        started = time.perf_counter()
        while (now := time.perf_counter()) < started + seconds or self._selector.get_map():
            if now < started + seconds:
                self._send_what_is_due(now)
            wait = 0.001 if self._idle else TIMEOUT
            for key, _ in self._selector.select(wait):
                self._receive(key.data)
        return time.perf_counter() - started

    def _send_what_is_due(self, now: float) -> None:
        due = [connection for connection in self._idle if connection.next_at <= now]
        for connection in due:
            self._idle.remove(connection)
            connection.next_at = now + self._every
            connection.send(next(self._texts))
            self._selector.register(connection.sock, selectors.EVENT_READ, connection)

    def _receive(self, connection: Connection) -> None:
        status = connection.receive()
        if status is not None:
            self.times.append(time.perf_counter() - connection.sent_at)
            self.statuses[status] += 1
            self._selector.unregister(connection.sock)
            self._idle.append(connection)


def _header(head: bytes, name: bytes, default: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        found, _, value = line.partition(b":")
        if found.lower() == name:
            return value.strip()
    return default
