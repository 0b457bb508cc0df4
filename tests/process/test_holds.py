"""Servers that end by the signal which stopped them wait for the drain, in their own ways."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from app.jobs.process.holds import UvicornHold
from app.jobs.process.signals import stop_request


@pytest.fixture(autouse=True)
def no_stop_request() -> Iterator[None]:
    """Nobody has asked this process to stop, before and after."""
    yield
    stop_request.abort_requested = False


def shut_down(server: SimpleNamespace, timeout: float | None = None) -> None:
    """What uvicorn 0.54 does with its listening servers."""

    async def run() -> None:
        for each in server.servers:
            each.close()
        async with asyncio.timeout(timeout):
            for each in server.servers:
                await each.wait_closed()

    asyncio.run(run())


def make_hold(checks: int, force_exit: bool = False) -> tuple[SimpleNamespace, UvicornHold, Iterator[int]]:
    """A server, what holds it, and what is left of the checks after which the drain is over."""
    server = SimpleNamespace(servers=[], force_exit=force_exit)
    left = iter(range(checks))
    held = UvicornHold(server)
    held.attach(lambda: next(left, None) is None)
    return server, held, left


def test_uvicorn_waits_until_the_drain_is_over() -> None:
    """The drain begins with its shutdown; nothing is hurried."""
    server, held, left = make_hold(3)
    assert not held.is_stopping
    shut_down(server)
    assert (held.is_stopping, list(left), stop_request.abort_requested) == (True, [], False)


def test_a_second_signal_to_uvicorn_hurries() -> None:
    """What runs is put back at once."""
    server, _, left = make_hold(3, force_exit=True)
    shut_down(server)
    assert (list(left), stop_request.abort_requested) == ([], True)


def test_uvicorns_own_time_limit_hurries() -> None:
    """When it waits no longer, what runs is put back first."""
    server, _, left = make_hold(5)
    with pytest.raises(TimeoutError):
        shut_down(server, 0.08)
    assert (list(left), stop_request.abort_requested) == ([], True)
