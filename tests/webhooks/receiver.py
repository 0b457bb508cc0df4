"""A receiver of webhooks: a real HTTP server in a thread, which keeps what it is sent."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CERTIFICATE = Path(__file__).parent / "receiver.pem"
"""Of the name `hooks.test` and its key, signed by itself."""
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """As JSON."""
        return json.loads(self.raw)


@dataclass
class Receiver:
    """What it got, and its address; `statuses` are those of the next answers, then 204."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answer: Answer | None = None

    def url(self, path: str = "/hook", scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Its URL."""
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def events(self) -> list[tuple[str, str]]:
        """The events that it was told of, and the ids of their jobs."""
        return [(got.body["event"], got.body["job"]["id"]) for got in self.received]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep a request and answer it."""
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.received.append(Received(handler.path, dict(handler.headers), raw))
        if self.answer is not None:
            self.answer(handler)
            return
        handler.send_response(self.statuses.pop(0) if self.statuses else 204)
        handler.end_headers()


@contextmanager
def receiver(*, tls: bool = False) -> Iterator[Receiver]:
    """A receiver on a port of 127.0.0.1."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.take(self)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
