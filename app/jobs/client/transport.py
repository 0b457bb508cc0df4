"""Requests over kept connections: with time limits, and repeated where that is safe."""

from __future__ import annotations

import http.client
import os
import random
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from .answer import Answer
from .errors import ServerUnreachable

TRY_LATER: Final = (429, 502, 503, 504)
"""Statuses after which the same request may succeed."""
FIRST_PAUSE: Final = 0.2
LONGEST_BACKOFF: Final = 5.0
MOST_KEPT: Final = 8
"""Connections that are kept for the next request, at most."""
CHUNK: Final = 64 * 1024
DEFAULT_PATH: Final = "/api/v1"

Connection = http.client.HTTPConnection
Headers = Mapping[str, str]


class ConnectionLost(Exception):
    """The connection failed. `was_sent`: the server may know the request; `reused`: it was a kept one."""

    def __init__(self, cause: BaseException, was_sent: bool, reused: bool) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__)
        self.was_sent, self.reused = was_sent, reused


class Transport:
    """Sends requests to one API, for any number of threads: each has a connection to itself meanwhile.

    `timeout` is the most seconds of one try, `retry_for` how long one is repeated. Raises ValueError for a
    URL that is none.
    """

    def __init__(
        self, url: str, token: str | None, timeout: float, retry_for: float, context: ssl.SSLContext | None
    ) -> None:
        parts = urlsplit(url if isinstance(url, str) else "")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not the address of an API, such as https://jobs.example.com/api/v1")
        if parts.username is not None or parts.password is not None:
            raise ValueError("give the token as token=, not within the address")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token):
            raise ValueError("a token has printable ASCII characters only, and no space around them")
        try:
            parts.hostname.encode("idna")
        except UnicodeError:
            raise ValueError(f"{parts.hostname!r} is not the name of a host") from None
        self._host, self._port, self._is_secure = parts.hostname, parts.port, parts.scheme == "https"
        self._context = context or (ssl.create_default_context() if self._is_secure else None)
        self._base = quote(parts.path.rstrip("/"), safe="/%!$&'()*+,;=:@~") or DEFAULT_PATH
        self._headers = {"User-Agent": "flask-simmer"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self.timeout, self.retry_for = timeout, retry_for
        self._lock, self._kept, self._pid = threading.Lock(), list[Connection](), os.getpid()

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: Headers | None = None,
        *, repeats: bool = True, wait: float = 0.0,
    ) -> Answer:  # fmt: skip
        """The answer, whatever its status; `wait` is how long the server was asked to wait.

        With `repeats` the request is sent again after a lost connection and where the server says that it may
        succeed later, within `retry_for` seconds. Raises ServerUnreachable.
        """
        end, tries = time.monotonic() + self.retry_for, 0
        while True:
            pause = random.uniform(0, min(LONGEST_BACKOFF, FIRST_PAUSE * 2**tries))
            tries += 1
            try:
                answer = self._try(method, target, body, headers or {}, self.timeout + wait, repeats)
            except ConnectionLost as lost:
                if lost.reused:
                    continue  # the server had closed it while it was idle: a new one, at once
                is_in_vain = isinstance(lost.__cause__, ssl.SSLCertVerificationError)
                if is_in_vain or (lost.was_sent and not repeats) or time.monotonic() + pause > end:
                    raise ServerUnreachable(f"{self._host}:{self.port} does not answer: {lost}") from lost
            else:
                pause += answer.retry_after or 0.0
                is_late = time.monotonic() + pause > end
                if not repeats or is_late or not _may_succeed_later(answer):
                    return replace(answer, is_repeated=tries > 1)
            threading.Event().wait(pause)

    def open(
        self, target: str, headers: Headers, timeout: float
    ) -> tuple[Connection, http.client.HTTPResponse]:
        """A GET whose body the caller reads, and the connection, which the caller closes.

        `timeout` bounds the head of the response and, in the same number of seconds, each silence afterwards.
        Raises ConnectionLost.
        """
        conn = self._new_connection(timeout)
        try:
            conn.request("GET", self._base + target, headers={**self._headers, **headers})
            return conn, conn.getresponse()
        except (OSError, http.client.HTTPException) as error:
            conn.close()
            raise ConnectionLost(error, was_sent=True, reused=False) from error

    def close(self) -> None:
        """Close the kept connections; the next request opens another."""
        with self._lock:
            kept, self._kept = self._kept, []
        for conn in kept:
            conn.close()

    @property
    def port(self) -> int:
        """The port, also where the address names none."""
        return self._port or (443 if self._is_secure else 80)

    def _try(
        self, method: str, target: str, body: bytes | None, headers: Headers, seconds: float, repeats: bool
    ) -> Answer:
        end = time.monotonic() + seconds
        # On a kept connection nobody can tell whether the server has seen what it did not answer.
        kept = self._borrow() if repeats else None
        conn, was_sent = kept or self._new_connection(seconds), False
        try:
            if kept is None:
                conn.connect()
            conn.sock.settimeout(seconds)
            was_sent = True
            conn.request(method, self._base + target, body, {**self._headers, **headers})
            response = conn.getresponse()
            answer = Answer(response.status, response.headers, _read(conn, response, end))
        except (OSError, http.client.HTTPException) as error:
            conn.close()
            is_stale = kept is not None and not isinstance(error, TimeoutError)
            raise ConnectionLost(error, was_sent, is_stale) from error
        except BaseException:
            conn.close()
            raise
        self._give_back(conn, response)
        return answer

    def _new_connection(self, seconds: float) -> Connection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._context)

    def _borrow(self) -> Connection | None:
        with self._lock:
            if self._pid != os.getpid():  # a fork: the sockets are the parent's as well
                self._pid, self._kept = os.getpid(), []
            return self._kept.pop() if self._kept else None

    def _give_back(self, conn: Connection, response: http.client.HTTPResponse) -> None:
        with self._lock:
            if not response.will_close and conn.sock is not None and len(self._kept) < MOST_KEPT:
                self._kept.append(conn)
                return
        conn.close()


def _may_succeed_later(answer: Answer) -> bool:
    # 409 with Retry-After: the first request with this Idempotency-Key is still being handled.
    return answer.status in TRY_LATER or (answer.status == 409 and b"idempotency-in-flight" in answer.body)


def _read(conn: Connection, response: http.client.HTTPResponse, end: float) -> bytes:
    """The whole body; raises TimeoutError where it is not there by `end`, however often a byte arrives."""
    chunks = []
    while chunk := _read_some(conn, response, end):
        chunks.append(chunk)
    # read1, unlike read, neither notices that bytes are missing nor that all are there.
    if response.length:
        raise http.client.IncompleteRead(b"".join(chunks), response.length)
    response.close()
    return b"".join(chunks)


def _read_some(conn: Connection, response: http.client.HTTPResponse, end: float) -> bytes:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the response takes too long")
    if conn.sock is not None:  # None where the server closes after this response, which has the socket then
        conn.sock.settimeout(left)
    return response.read1(CHUNK)
