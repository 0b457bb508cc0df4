"""Whether the client of a request has gone, as far as its server shows it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.jobs.api.disconnects import SOCKETS, disconnect_check

from ..support import eventually


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end of a connection, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    with client, server:
        yield server, client


@pytest.mark.parametrize("key", SOCKETS)
def test_a_client_that_closes_has_gone(key: str, connection: tuple[socket.socket, socket.socket]) -> None:
    """Not one that is silent, nor one that has sent more, which stays to be read."""
    server, client = connection
    has_gone = disconnect_check({key: server})
    assert not has_gone()
    client.sendall(b"GET")
    eventually(lambda: server.recv(3, socket.MSG_PEEK) == b"GET")
    assert not has_gone()
    assert server.recv(3) == b"GET"
    client.close()
    eventually(has_gone)
    server.close()
    assert has_gone()


def test_waitress_is_asked() -> None:
    """It knows better than a socket that it reads itself."""
    answers = [False, True]
    has_gone = disconnect_check({"waitress.client_disconnected": lambda: answers.pop(0)})
    assert (has_gone(), has_gone()) == (False, True)


def test_a_look_never_waits(connection: tuple[socket.socket, socket.socket]) -> None:
    """Not at a socket with a timeout, nor at one that is not the standard library's, nor at none."""
    server, client = connection
    client.close()
    server.settimeout(60)
    assert not disconnect_check({"gunicorn.socket": server})()
    assert not disconnect_check({"gunicorn.socket": object()})()
    assert not disconnect_check({})()
