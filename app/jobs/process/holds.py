"""Holds back servers that end their process by the very signal that stopped them, by means of their own.

After its shutdown uvicorn raises SIGTERM anew under the default action, and so does Twisted: no thread
outlives that. Both wait for whoever asks them to before they come to it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from .signals import stop_request

CHECK_EVERY: Final = 0.05
"""Seconds between two checks whether the drain is over."""
ABORT_SECONDS: Final = 2.0
"""Seconds for releasing what runs where the server waits no longer."""

IsOver = Callable[[], bool]


class UvicornHold:
    """Takes part in uvicorn's shutdown as one of its listening servers does."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._is_over: IsOver = lambda: True
        self.is_stopping = False

    def attach(self, is_over: IsOver) -> None:
        """From now on uvicorn waits until `is_over`. After its start: it makes a new list then."""
        self._is_over = is_over
        self._server.servers.append(self)

    def close(self) -> None:
        """Called by uvicorn: accept no more."""
        self.is_stopping = True

    async def wait_closed(self) -> None:
        """Called by uvicorn: return when everything has ended."""
        try:
            while not self._is_over():
                if self._server.force_exit:
                    stop_request.abort_requested = True
                await asyncio.sleep(CHECK_EVERY)
        except asyncio.CancelledError:  # its timeout_graceful_shutdown is over
            stop_request.abort_requested = True
            _wait(self._is_over, ABORT_SECONDS)
            raise


class TwistedHold:
    """A trigger before the shutdown of Twisted's reactor, which waits for the Deferred that it returns."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._is_over: IsOver = lambda: True
        self.is_stopping = False

    def attach(self, is_over: IsOver) -> None:
        """From now on the reactor waits until `is_over`."""
        self._is_over = is_over
        add = self._reactor.addSystemEventTrigger
        self._reactor.callFromThread(add, "before", "shutdown", self._before_shutdown)

    def _before_shutdown(self) -> Any:
        from twisted.internet.defer import Deferred

        self.is_stopping, ended = True, Deferred()
        self._check(ended)
        return ended

    def _check(self, ended: Any) -> None:
        if self._is_over():
            ended.callback(None)
        else:
            self._reactor.callLater(CHECK_EVERY, self._check, ended)


def running_uvicorn() -> Any:
    """The uvicorn that serves in this process's main thread; None if none does."""
    # By the method that handles SIGTERM while it serves, and also while it loads the app.
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server if type(server).__module__ == "uvicorn.server" else None


def running_reactor() -> Any:
    """Twisted's reactor, if it runs in this process."""
    reactor = sys.modules.get("twisted.internet.reactor")
    return reactor if getattr(reactor, "running", False) else None


def _wait(is_over: IsOver, seconds: float) -> None:
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not is_over() and time.monotonic() < deadline:
        pause.wait(CHECK_EVERY)
