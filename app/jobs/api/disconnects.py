"""Tells whether the client of a request has gone, while nothing is sent to it.

A server notices it when it sends. Until then the thread of a request that waits would be held for nobody.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

SOCKETS: Final = ("gunicorn.socket", "werkzeug.socket")
"""The keys of an environ under which servers have the socket of a request."""
WAITRESS: Final = "waitress.client_disconnected"
"""Waitress's own function, which knows it where `channel_request_lookahead` is above 0."""
_FLAGS: Final = getattr(socket, "MSG_DONTWAIT", 0) | socket.MSG_PEEK


def disconnect_check(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """A function that tells whether the client has gone; always False where the server does not show it."""
    if (known := environ.get(WAITRESS)) is not None:
        return lambda: bool(known())
    connection: Any = next((environ[key] for key in SOCKETS if key in environ), None)
    # Others cannot be looked at without waiting: those of TLS and of gevent, with a timeout, on Windows.
    if type(connection).__module__ != "socket" or connection.gettimeout() or _FLAGS == socket.MSG_PEEK:
        return lambda: False
    return lambda: _is_closed(connection)


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, _FLAGS) == b""
    except BlockingIOError:  # it is there, and silent
        return False
    except OSError:
        return True
