"""Supervises the threads of one app in one process: starts them, and drains them when the process stops.

The supervisor's thread is no daemon, so the interpreter waits for it: it can drain after the main thread has
ended and before Python joins the pool's threads. `atexit` functions run after that, and some servers skip
them (promise 6).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from . import signals
from .logs import get_logger
from .servers import Serving, is_reloader_child
from .signals import stop_request

log = get_logger(__name__)
CHECK_EVERY: Final = 0.5
"""Seconds between two checks whether the process is to stop."""
RETRY_EVERY: Final = 0.25
"""Seconds between two checks whether the threads can start."""
SERVER_EXIT_SECONDS: Final = 0.5
"""Seconds that a server gets to exit before running jobs are released."""
EXIT_AFTER: Final = 1.2
"""Seconds after the grace at which the process exits even if releasing jobs has not finished."""
RELOAD_CODE: Final = 3
"""The exit code at which Werkzeug's reloader starts the app again."""


class Threads(Protocol):
    """What is supervised."""

    def can_start(self) -> bool:
        """Whether what they need exists; asked until it does."""

    def start_threads(self) -> None:
        """Start the worker and the ticker."""

    def start_failed(self, error: BaseException) -> None:
        """Starting raised this; it is tried again."""

    def drain(self, grace: float, abort_requested: Callable[[], bool]) -> bool:
        """Start no more tasks and wait up to `grace` seconds, or until `abort_requested`.

        Whether all tasks ended.
        """

    def end_threads(self) -> bool:
        """Release running jobs and end. Whether no thread is stuck in a task."""


class Supervisor:
    """From the start of an app's threads to the release of the last running job."""

    def __init__(self, threads: Threads, serving: Serving, grace: float) -> None:
        self._threads, self._serving = threads, serving
        # The reloader has the developer wait for the restart; what runs is released and runs again.
        self._grace = 0.0 if is_reloader_child() else grace
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._run, name="simmer-supervisor", daemon=False)

    def start(self) -> None:
        """Start the supervisor's thread, and handle SIGTERM where nobody else does."""
        stop_request.supervisors.add(self)
        signals.install_handlers()
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return not self._ended.is_set()

    def stop(self, grace: float) -> None:
        """Drain within `grace` seconds and return when done; the process goes on."""
        self._grace = grace
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._ended.wait(grace + 5.0)
            signals.restore_handlers()

    def _run(self) -> None:
        is_stuck = True
        try:
            self._run_until_stopped()
            is_stuck = not self._drain_and_end()
        except BaseException:
            log.exception("the supervisor failed; another worker rescues the jobs that were running")
        finally:
            stop_request.supervisors.discard(self)
            self._ended.set()
        # Whatever failed above, a process that can serve is never ended by us.
        if not self._stopping.is_set() and self._must_stop():
            self._end_process(is_stuck)

    def _run_until_stopped(self) -> None:
        # A worker of gunicorn --preload, or an app that is still being imported: not before it can serve.
        while not self._serving.is_loaded() and not self._must_stop():
            self._stopping.wait(0.01)
        self._serving.hold(self._ended.is_set)
        while not self._must_stop() and not self._start():
            self._stopping.wait(RETRY_EVERY)
        while not self._must_stop():
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

    def _must_stop(self) -> bool:
        return (
            self._stopping.is_set()
            or stop_request.is_set
            or signals.has_main_thread_ended()
            or self._serving.is_stopping()
        )

    def _drain_and_end(self) -> bool:
        """Whether no thread is stuck in a task."""
        process_ends = not self._stopping.is_set()
        self._deadline = time.monotonic() + self._grace
        if process_ends:
            self._start_exit_timer()
        all_ended = self._threads.drain(self._grace, lambda: stop_request.abort_requested)
        if process_ends and not all_ended:
            # A released job runs elsewhere at once: the last act, when this process is as good as gone.
            self._wait_for_server(time.monotonic() + SERVER_EXIT_SECONDS)
        return self._threads.end_threads()

    def _wait_for_server(self, deadline: float, is_over: Callable[[], bool] = lambda: False) -> None:
        while not signals.has_main_thread_ended() and time.monotonic() < deadline and not is_over():
            self._stopping.wait(0.01)

    def _start_exit_timer(self) -> None:
        timer = threading.Timer(self._grace + EXIT_AFTER, self._exit_unless_done)
        timer.daemon = True  # a thread that is waited for would keep the process alive itself
        timer.start()

    def _exit_unless_done(self) -> None:
        # A server that handles SIGTERM itself exits in its own way; ours is SystemExit in the main thread.
        if stop_request.is_set or not self._ended.is_set():
            signals.exit_now(_exit_code())

    def _end_process(self, is_stuck: bool) -> None:
        if is_stuck:
            # Jobs whose threads are stuck have ended, so the grace may not be over: the server has it too.
            self._wait_for_server(self._deadline, lambda: stop_request.abort_requested)
        if stop_request.abort_requested:
            self._wait_for_server(time.monotonic() + SERVER_EXIT_SECONDS)
            is_stuck = is_stuck or not signals.has_main_thread_ended()
        if is_stuck:
            # Two apps in one process: the other one may still be draining.
            for other in list(stop_request.supervisors):
                other._ended.wait(other._grace + EXIT_AFTER)
            signals.exit_now(_exit_code())


def _exit_code() -> int:
    """The exit code of the main thread, as far as it can be known."""
    if is_reloader_child() and not stop_request.is_set:
        return RELOAD_CODE
    # Python sets last_value when an exception reaches the top of the main thread.
    return 1 if hasattr(sys, "last_value") else 0
