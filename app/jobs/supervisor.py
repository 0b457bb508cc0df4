"""Watches over the threads of one app in one process: starts them when the app is made, drains at the end.

A thread that is not a daemon keeps the interpreter from ending, so it can still drain after the main
thread is gone and before Python joins the pool's threads; `atexit` would come too late, and some servers
skip it (promise 6).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Final, Protocol

from .serving import Serving, is_reloader_child

log = logging.getLogger(__package__)
LOOK_EVERY: Final = 0.1
RELOAD: Final = 3
"""The exit code by which Werkzeug's reloader knows that it is to start the app again."""

_told_to_stop = threading.Event()
_told_twice = threading.Event()
_live: set[Supervisor] = set()


class Threads(Protocol):
    """What is supervised."""

    def start_threads(self) -> None:
        """Start the worker and the ticker."""

    def drain(self, grace: float, hurry: threading.Event) -> bool:
        """End them; `hurry` cuts the grace short. Whether no thread is stuck in a task."""


class Supervisor:
    """From the proof that the process serves to the last row that it puts back."""

    def __init__(self, threads: Threads, serving: Serving, grace: float) -> None:
        self._threads, self._serving = threads, serving
        self._grace = 0.0 if is_reloader_child() else grace
        self._ending, self._ended = threading.Event(), threading.Event()
        self._main = threading.main_thread()
        self._thread = threading.Thread(target=self._run, name="simmer-supervisor", daemon=False)

    def start(self) -> None:
        """Start watching; where nobody handles SIGTERM, it from now on ends the process in order."""
        listen_for_sigterm()
        _live.add(self)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still watches."""
        return not self._ended.is_set()

    def stop(self, grace: float) -> None:
        """Drain now, with `grace` seconds; returns when done."""
        self._grace = grace
        self._ending.set()
        if self._thread is not threading.current_thread():
            self._ended.wait(grace + 5.0)

    def _run(self) -> None:
        stuck = False
        try:
            while not self._serving.is_loaded() and not self._is_over():
                self._ending.wait(0.01)
            if not self._is_over():
                self._threads.start_threads()
            while not self._is_over():
                self._ending.wait(LOOK_EVERY)
            stuck = not self._threads.drain(self._grace, _told_twice)
        except BaseException:
            log.exception("the supervisor failed; what was running is rescued by the next process")
        finally:
            self._ended.set()
            _live.discard(self)
        if stuck and not self._ending.is_set():
            self._leave()

    def _is_over(self) -> bool:
        return (
            self._ending.is_set()
            or _told_to_stop.is_set()
            or not self._main.is_alive()
            or self._serving.is_stopping()
        )

    def _leave(self) -> None:
        """End a process whose pool is stuck in a task: Python would wait for that thread for ever."""
        for other in list(_live):
            other._ended.wait(other._grace + 1.0)
        self._main.join(0.5)
        log.warning("a task did not end in time: its job was put back, and the process ends without it")
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(RELOAD if is_reloader_child() and not _told_to_stop.is_set() else 0)


def listen_for_sigterm() -> None:
    """End in order at SIGTERM, only where its disposition is the default and this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def listen_for_interrupt() -> Any:
    """Take Ctrl-C for a SIGTERM, where nobody but Python handles it (a worker in the foreground).

    Call it in the main thread; it answers the handler that was there before.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_sigterm)
    return before


def forget_after_fork() -> None:
    """The parent's supervisors are not ours."""
    global _told_to_stop, _told_twice
    _told_to_stop, _told_twice = threading.Event(), threading.Event()
    _live.clear()


def _on_sigterm(_number: int, _frame: FrameType | None) -> Any:
    if _told_to_stop.is_set():
        _told_twice.set()
        return
    _told_to_stop.set()
    raise SystemExit(0)
