"""This process as a whole: what signals told it, and how it ends when its threads do not (promise 6).

Handlers are installed only where nobody else has one, and do nothing but set attributes: a lock that the
interrupted main thread holds would never be free again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Final, NoReturn

log = logging.getLogger(__name__)
LAST_WORDS: Final = 0.5
"""Seconds for flushing what was logged and printed: whoever is stuck may hold those locks."""


class Told:
    """What signals told this process; `listeners` are those who drain because of it."""

    def __init__(self) -> None:
        self.listeners: set[Any] = set()
        self.forget()

    def forget(self) -> None:
        """Nothing was told, and nobody listens."""
        self.to_stop = self.to_hurry = False
        self.listeners.clear()


class _Held(threading.local):
    """The signals that this thread had blocked before it began to fork."""

    mask: Any = None


told = Told()
_held = _Held()


def listen() -> None:
    """From now on SIGTERM ends the process in order, and a second signal hurries the end.

    In the main thread only, and only where SIGTERM would kill and SIGINT raise KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)


def listen_no_more() -> None:
    """Hand the signals back to Python, once nobody would drain; in the main thread only."""
    if told.listeners or threading.current_thread() is not threading.main_thread():
        return
    for number, theirs in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) in (_on_sigterm, _on_interrupt):
            signal.signal(number, theirs)


def hold_signals() -> None:
    """Have this thread, and the child that it is about to fork, take no signal until `release_signals`.

    Python forgets what a child is told before it is ready: a `terminate()` after `start()` would be lost.
    """
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))


def release_signals() -> None:
    """Take signals as before `hold_signals`."""
    if _held.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)
        _held.mask = None


def forget_after_fork() -> None:
    """A child was told nothing, and its signals do what they would do without us."""
    told.forget()
    listen_no_more()


def is_main_over() -> bool:
    """Whether the main thread has ended, or only waits for the other threads to end.

    It counts as alive while Python joins the threads of pools, which is the first thing Python does then:
    so a pool would be waited for before anybody drained it.
    """
    main = threading.main_thread()
    frame = sys._current_frames().get(main.ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    is_waiting = frame is not None and frame.f_code is threading._shutdown.__code__  # type: ignore[attr-defined]
    return is_waiting or not main.is_alive()


def leave(code: int) -> NoReturn:
    """End the process at once, whatever its threads do: Python would wait for them for ever."""
    with contextlib.suppress(RuntimeError):  # no new thread while the interpreter goes down
        farewell = threading.Thread(target=_flush, daemon=True)
        farewell.start()
        farewell.join(LAST_WORDS)
    os._exit(code)


def _flush() -> None:
    log.warning("a thread did not end in time: the process ends without it")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    if told.listeners and (told.to_stop or is_main_over()):
        told.to_hurry = True
        return
    told.to_stop = True
    raise SystemExit(0)


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    # While the interpreter waits for its last threads, an exception would end it in the middle of a drain.
    if told.listeners and is_main_over():
        told.to_hurry = True
        return
    signal.default_int_handler(number, frame)
