"""Watches over the threads of one app in one process: starts them when the app is made, drains at the end.

A thread that is not a daemon keeps the interpreter from ending, so it can still drain after the main
thread is gone and before Python joins the pool's threads; `atexit` would come too late, and some servers
skip it (promise 6).
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from . import signals
from .servers import Serving, is_reloader_child
from .signals import stop_request

log = logging.getLogger(__name__)
CHECK_EVERY: Final = 0.5
RETRY_EVERY: Final = 0.25
"""Seconds between two checks whether the threads can start."""
SERVER_EXIT_SECONDS: Final = 0.5
"""Seconds for a server to end once only stuck tasks are left."""
EXIT_AFTER: Final = 1.2
"""Seconds after the grace at which the process ends even if putting back has not come to an end."""
RELOAD_CODE: Final = 3
"""The exit code by which Werkzeug's reloader knows that it is to start the app again."""


class Threads(Protocol):
    """What is supervised."""

    def can_start(self) -> bool:
        """Whether what they need is there; asked until it is."""

    def start_threads(self) -> None:
        """Start the worker and the ticker."""

    def start_failed(self, error: BaseException) -> None:
        """Starting raised this; it is tried again."""

    def drain(self, grace: float, abort_requested: Callable[[], bool]) -> bool:
        """Begin nothing more and wait up to `grace` seconds, or until `abort_requested`.

        Whether all tasks ended.
        """

    def end_threads(self) -> bool:
        """Put back what still runs and end. Whether no thread is stuck in a task."""


class Supervisor:
    """From the proof that the process serves to the last row that it puts back."""

    def __init__(self, threads: Threads, serving: Serving, grace: float) -> None:
        self._threads, self._serving = threads, serving
        self._grace = 0.0 if is_reloader_child() else grace
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="simmer-supervisor", daemon=False)

    def start(self) -> None:
        """Start watching; where nobody handles SIGTERM, it from now on ends the process in order."""
        signals.install_handlers()
        stop_request.supervisors.add(self)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still watches."""
        return not self._ended.is_set()

    def stop(self, grace: float) -> None:
        """Drain now, with `grace` seconds; returns when done. The process goes on."""
        self._grace = grace
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._ended.wait(grace + 5.0)
            signals.restore_handlers()

    def _run(self) -> None:
        is_stuck = True
        try:
            self._watch()
            is_stuck = not self._end()
        except BaseException:
            log.exception("the supervisor failed; what was running is rescued by the next process")
        finally:
            stop_request.supervisors.discard(self)
            self._ended.set()
        # Whatever failed above, a process that can serve is never ended by us.
        if not self._stopping.is_set() and self._is_over():
            self._end_process(is_stuck)

    def _watch(self) -> None:
        while not self._serving.is_loaded() and not self._is_over():
            self._stopping.wait(0.01)
        while not self._is_over() and not self._start():
            self._stopping.wait(RETRY_EVERY)
        while not self._is_over():
            self._stopping.wait(CHECK_EVERY)

    def _start(self) -> bool:
        """Whether the threads run. Whatever keeps them from it, the process goes on serving meanwhile."""
        try:
            if self._threads.can_start():
                self._threads.start_threads()
                return True
        except BaseException as error:
            self._threads.start_failed(error)
        return False

    def _is_over(self) -> bool:
        return (
            self._stopping.is_set()
            or stop_request.is_set
            or signals.is_main_over()
            or self._serving.is_stopping()
        )

    def _end(self) -> bool:
        """Whether no thread is stuck in a task."""
        process_ends = not self._stopping.is_set()
        if process_ends:
            self._start_exit_timer()
        all_ended = self._threads.drain(self._grace, lambda: stop_request.abort_requested)
        if process_ends and not all_ended:
            # What is put back runs elsewhere at once, so that is the last thing to do before leaving.
            self._wait_for_server()
        return self._threads.end_threads()

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + SERVER_EXIT_SECONDS
        while not signals.is_main_over() and time.monotonic() < deadline:
            self._stopping.wait(0.01)

    def _start_exit_timer(self) -> None:
        timer = threading.Timer(self._grace + EXIT_AFTER, self._exit_unless_done)
        timer.daemon = True
        timer.start()

    def _exit_unless_done(self) -> None:
        # A server with a way of its own to end is left to it; ours is to raise SystemExit.
        if stop_request.is_set or not self._ended.is_set():
            signals.exit_now(_exit_code())

    def _end_process(self, is_stuck: bool) -> None:
        if stop_request.abort_requested:
            self._wait_for_server()
            is_stuck = is_stuck or not signals.is_main_over()
        if is_stuck:
            for other in list(stop_request.supervisors):
                other._ended.wait(other._grace + EXIT_AFTER)
            signals.exit_now(_exit_code())


def _exit_code() -> int:
    """What the main thread would have ended with, as far as can be known."""
    if is_reloader_child() and not stop_request.is_set:
        return RELOAD_CODE
    return 1 if hasattr(sys, "last_value") else 0
