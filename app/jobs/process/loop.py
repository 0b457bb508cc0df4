"""A thread that calls a function repeatedly, whatever it raises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from ..errors import DatabaseUnavailable
from .logs import get_logger

log = get_logger(__name__)
RETRY_AFTER: Final = 0.5
"""Seconds until the next call after an exception: short, so that an outage's end is noticed."""
MAX_TEXT: Final = 300
"""The most characters of an exception in `Guard.failing`."""


class Guard:
    """Calls a function that returns a number of seconds, and catches what it raises.

    A failure that repeats is logged once, and its end too.
    """

    def __init__(self, name: str, body: Callable[[], float]) -> None:
        self._name, self._body = name, body
        self._failing: str | None = None
        self.failing: str | None = None
        """What the last call raised, on one line and without SQL; None where it returned."""

    def call(self) -> float:
        """What the body returns, or RETRY_AFTER if it raised."""
        try:
            pause = self._body()
        except DatabaseUnavailable as error:
            self.failing = _first_line(str(error))
            return self._log_failure(str(error), with_traceback=False)
        except BaseException as error:  # also SystemExit: no thread of ours may die (promise 7)
            self.failing = _describe(error)
            return self._log_failure(repr(error), with_traceback=True)
        self.failing = None
        if self._failing is not None:
            log.warning("%s works again", self._name)
            self._failing = None
        return pause

    def _log_failure(self, what: str, with_traceback: bool) -> float:
        if self._failing != what:
            log.error("%s: %s (retried until it works)", self._name, what, exc_info=with_traceback)
            self._failing = what
        return RETRY_AFTER


def _describe(error: BaseException) -> str:
    # SQLAlchemy's errors show the statement and its values; what they wrap is the driver's own.
    cause = getattr(error, "orig", None) or error
    try:
        return _first_line(f"{type(cause).__name__}: {cause}")
    except Exception:  # a host's exception may not even have a text
        return type(cause).__name__


def _first_line(text: str) -> str:
    # PostgreSQL's messages go on with the statement.
    return (text.strip().splitlines() or [""])[0][:MAX_TEXT]


class Loop:
    """Calls `body` in a daemon thread; it returns the seconds to wait, which `wake` cuts short."""

    def __init__(self, name: str, body: Callable[[], float]) -> None:
        self._name, self._guard = name, Guard(name, body)
        self._called_at: float | None = None
        self._awake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"simmer-{name}", daemon=True)

    @property
    def thread(self) -> int | None:
        """The id of the thread; None before its start."""
        return self._thread.ident

    def problem(self, hangs_after: float) -> str | None:
        """Why it does no work: it has ended, raises, or its call has taken `hangs_after` seconds."""
        if not self._thread.is_alive():
            return f"the {self._name} does not run"
        called_at = self._called_at
        if called_at is not None and (seconds := time.monotonic() - called_at) > hangs_after:
            return f"the {self._name} hangs: its turn has taken {seconds:.0f} s"
        if self._guard.failing is not None:
            return f"the {self._name} fails: {self._guard.failing}"
        return None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Call the body at once. Cheap, from any thread, before the start too."""
        # Setting takes a lock and costs ten times as much as testing, at each submission.
        if not self._awake.is_set():
            self._awake.set()

    def stop(self, timeout: float) -> bool:
        """End after the current call of the body; whether it did within `timeout` seconds."""
        self._stopping.set()
        self._awake.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            # Cleared before the body runs: a wake-up or a stop from now on cuts the next wait short.
            self._awake.clear()
            if self._stopping.is_set():
                return
            self._called_at = time.monotonic()
            pause = self._guard.call()
            self._called_at = None
            self._awake.wait(pause)
