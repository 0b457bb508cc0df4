"""The signals that ask this process to stop, and its end where threads do not come to theirs (promise 6).

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
import traceback
from types import FrameType
from typing import Any, Final, NoReturn

log = logging.getLogger(__name__)
FLUSH_SECONDS: Final = 0.5
"""Seconds for flushing what was logged and printed: whoever is stuck may hold those locks."""


class StopRequest:
    """What signals have asked of this process; `supervisors` are those that drain because of it.

    `is_set`: to drain and end. `abort_requested`: to put running jobs back at once.
    """

    def __init__(self) -> None:
        self.supervisors: set[Any] = set()
        self.reset()

    def reset(self) -> None:
        """Nothing is asked, and nobody would drain."""
        self.is_set = self.abort_requested = False
        self.supervisors.clear()


class _Blocked(threading.local):
    """The signals that this thread had blocked before it began to fork."""

    mask: Any = None


stop_request = StopRequest()
_blocked = _Blocked()


def install_handlers() -> None:
    """From now on SIGTERM ends the process in order, and a second signal hurries the end.

    In the main thread only, and only where SIGTERM would kill and SIGINT raise KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)


def restore_handlers() -> None:
    """Give the signals back to Python, once nobody would drain; in the main thread only."""
    if stop_request.supervisors or threading.current_thread() is not threading.main_thread():
        return
    for number, theirs in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) in (_on_sigterm, _on_interrupt):
            signal.signal(number, theirs)


def block_signals() -> None:
    """Have this thread, and the child that it is about to fork, take no signal until `unblock_signals`.

    Python forgets what a child is told before it is ready: a `terminate()` after `start()` would be lost.
    """
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        _blocked.mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))


def unblock_signals() -> None:
    """Take signals as before `block_signals`."""
    if _blocked.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _blocked.mask)
        _blocked.mask = None


def reset_after_fork() -> None:
    """Nothing is asked of a child, and its signals do what they would do without us."""
    stop_request.reset()
    restore_handlers()


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


def exit_now(code: int) -> NoReturn:
    """End the process at once, whatever its threads do: Python would wait for them for ever."""
    with contextlib.suppress(RuntimeError):  # no new thread while the interpreter goes down
        flusher = threading.Thread(target=_flush, daemon=True)
        flusher.start()
        flusher.join(FLUSH_SECONDS)
    os._exit(code)


def exit_child(error: BaseException | None) -> NoReturn:
    """End a forked child as `multiprocessing` would: by the code of SystemExit, 1 after an exception."""
    code = 0 if error is None else 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _flush() -> None:
    log.warning("a thread did not end in time: the process ends without it")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    if stop_request.supervisors and (stop_request.is_set or is_main_over()):
        stop_request.abort_requested = True
        return
    stop_request.is_set = True
    raise SystemExit(0)


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    # While the interpreter waits for its last threads, an exception would end it in the middle of a drain.
    if stop_request.supervisors and is_main_over():
        stop_request.abort_requested = True
        return
    signal.default_int_handler(number, frame)
