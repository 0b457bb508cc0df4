"""A TCP proxy before a server, whose connections can fall silent: neither ended nor forwarded any more."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self

from sqlalchemy import URL

BACKEND_KEY = b"K\x00\x00\x00\x0c"
"""The head of the server's message with its process id."""


class TcpProxy:
    """Forwards to `url`; the other end of a silent connection notices nothing, and waits."""

    def __init__(self, url: URL) -> None:
        self._server = (url.host or "127.0.0.1", url.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.set(host="127.0.0.1", port=self._listener.getsockname()[1])
        self._selector, self._lock = selectors.DefaultSelector(), threading.Lock()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._silent: list[socket.socket] = []
        self._is_over = self._is_black_hole = False
        self.accepted = 0
        """How many connections there have been."""
        self.dropped: bytes | None = None
        """A connection falls silent where a client says this."""
        self.is_pooler = False
        """Whether clients are told an invented id of the server's process, as poolers do."""
        self._thread = threading.Thread(target=self._forward, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over = True
        self._thread.join(10)
        for each in [self._listener, *self._open(), *self._silent]:
            each.close()
        self._selector.close()

    def fall_silent(self, black_hole: bool = False) -> None:
        """Forward nothing on the connections of now; with `black_hole` on those to come neither."""
        with self._lock:
            for each in self._open():
                self._selector.unregister(each)
                self._silent.append(each)
            self._is_black_hole = black_hole

    def recover(self) -> None:
        """Forward on new connections again."""
        self._is_black_hole = False

    def _open(self) -> list[socket.socket]:
        keys = list(self._selector.get_map().values())
        return [key.fileobj for key in keys if isinstance(key.fileobj, socket.socket) and key.data]

    def _forward(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(0.05):
                with self._lock, suppress(OSError):
                    if key.data is None:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket):
                        self._pass_on(key.fileobj, key.data)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted += 1
        if self._is_black_hole:
            self._silent.append(client)
            return
        server = socket.create_connection(self._server)
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ, other)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        if source in self._silent:  # it was ready before it fell silent
            return
        if (data := source.recv(65_536)) and not (self.dropped and self.dropped in data):
            if self.is_pooler and (at := data.find(BACKEND_KEY)) >= 0:
                at += len(BACKEND_KEY)
                data = data[:at] + (1).to_bytes(4, "big") + data[at + 4 :]
            target.sendall(data)
            return
        if data:
            self._selector.unregister(source)
            self._silent.append(source)
            return
        for each in (source, target):
            self._selector.unregister(each)
            each.close()
