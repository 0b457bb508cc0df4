"""A thread with a body that is called again and again, whatever it raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from ..errors import DatabaseUnavailable

log = logging.getLogger(__name__)
AFTER_FAILURE: Final = 0.5
"""Seconds to wait after a body raised: an outage is over within a second of its end."""


class Guard:
    """Calls a body that answers a number of seconds, and survives it.

    What it raises is logged once for each streak of the same failure, and its end too.
    """

    def __init__(self, name: str, body: Callable[[], float]) -> None:
        self._name, self._body = name, body
        self._failing: str | None = None

    def call(self) -> float:
        """The body's answer, or AFTER_FAILURE where it raised."""
        try:
            pause = self._body()
        except DatabaseUnavailable as error:
            return self._log_failure(str(error), with_traceback=False)
        except BaseException as error:
            return self._log_failure(repr(error), with_traceback=True)
        if self._failing is not None:
            log.warning("%s works again", self._name)
            self._failing = None
        return pause

    def _log_failure(self, what: str, with_traceback: bool) -> float:
        if self._failing != what:
            log.error("%s: %s (tried again until it works)", self._name, what, exc_info=with_traceback)
            self._failing = what
        return AFTER_FAILURE


class Loop:
    """Calls `body` in a daemon thread; it answers how many seconds to wait, which `wake` cuts short."""

    def __init__(self, name: str, body: Callable[[], float]) -> None:
        self._guard = Guard(name, body)
        self._awake, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"simmer-{name}", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Call the body at once. Cheap, from any thread, before the start too."""
        if not self._awake.is_set():  # setting costs ten times as much as testing
            self._awake.set()

    def stop(self, timeout: float) -> bool:
        """End after the current call of the body. Whether it has ended within `timeout` seconds."""
        self._ending.set()
        self._awake.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            # Cleared before the body runs: a wake-up from now on, the end too, cuts the next wait short.
            self._awake.clear()
            if self._ending.is_set():
                return
            self._awake.wait(self._guard.call())
