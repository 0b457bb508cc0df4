"""Sends one POST to a host that is checked, and tells the status of the answer.

By `http.client`: no library lets its caller check the very address that it connects to. Nothing is followed,
no proxy is used, and of the answer nothing is read but the status and the headers.
"""

from __future__ import annotations

import functools
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LIMIT: Final = 10.0
"""Seconds from the connection to the answer."""
STEP_LIMIT: Final = 5.0
"""Seconds that the connection may take, and each answer within it."""
MOST_ADDRESSES: Final = 2
PORTS: Final = {"http": 80, "https": 443}


class DeliveryFailed(Exception):
    """There was no answer; the message says why, and names the host alone: a path may be a secret."""


def post(url: str, body: bytes, headers: Mapping[str, str], may_connect: Callable[[Address], bool]) -> int:
    """The status that `url` answers. Raises DeliveryFailed.

    The name is resolved once, and the connection made to one of its addresses that `may_connect` lets pass,
    so that a name which means another address a moment later leads nowhere. TLS verifies the name.
    """
    target = urlsplit(url)
    host, port = target.hostname or "", target.port or PORTS[target.scheme]
    addresses = _resolve(host, port)
    allowed = [address for address in addresses if may_connect(address)]
    if not allowed:
        raise DeliveryFailed(
            f"{host} is at {addresses[0]}, which is no public address: list it in JOBS_WEBHOOK_HOSTS"
        )
    connection = _Connection(target, allowed[:MOST_ADDRESSES])
    watchdog = threading.Timer(LIMIT, connection.abort)
    watchdog.start()
    try:
        connection.request("POST", _path(target), body, {**headers, "Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        if connection.is_aborted or isinstance(error, TimeoutError):
            raise DeliveryFailed(f"{host} did not answer in time") from None
        raise DeliveryFailed(f"{host}: {type(error).__name__}: {error}") from None
    finally:
        watchdog.cancel()
        connection.close()


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet: not private, loopback, link-local, multicast or reserved."""
    # ::ffff:127.0.0.1 is 127.0.0.1, which older Pythons do not say of it.
    real = getattr(address, "ipv4_mapped", None) or address
    return real.is_global and not real.is_multicast


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryFailed(f"{host} cannot be resolved: {error}") from None
    # Without the zone of a link-local address, which no address has that may be connected to.
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


class _Connection(http.client.HTTPConnection):
    """A connection for the host of `target`, to the first of these addresses that lets it connect."""

    def __init__(self, target: SplitResult, addresses: Sequence[Address]) -> None:
        self.default_port = PORTS[target.scheme]
        super().__init__(target.hostname or "", target.port or self.default_port)
        self._is_tls, self._addresses = target.scheme == "https", addresses
        self._watched: socket.socket | None = None
        self.is_aborted = False

    def connect(self) -> None:
        """Connect."""
        self.sock = self._connected()
        self._watched = self.sock.dup()  # TLS takes the other one over
        if self.is_aborted:  # while it connected, when there was nothing to shut down
            raise TimeoutError
        if self._is_tls:
            self.sock = tls_context().wrap_socket(self.sock, server_hostname=self.host)

    def _connected(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            with suppress(OSError):  # a host of two protocols, of which this machine has one
                return socket.create_connection((str(address), self.port), STEP_LIMIT)
        return socket.create_connection((str(last), self.port), STEP_LIMIT)

    def abort(self) -> None:
        """End the exchange, from another thread: a peer that sends a byte at a time never times out."""
        self.is_aborted = True
        if self._watched is not None:
            with suppress(OSError):  # it has ended meanwhile
                self._watched.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it."""
        super().close()
        if self._watched is not None:
            self._watched.close()


def _path(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Verifies certificates, by the authorities that the machine trusts."""
    return ssl.create_default_context()
