"""Signal handlers that request a stop, and the exit of a process with stuck threads (promise 6).

Handlers are installed only where nobody else has one, and only set attributes: a lock that the interrupted
main thread holds would never be released.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from .logs import get_logger

log = get_logger(__name__)
FLUSH_SECONDS: Final = 0.5
"""Seconds for flushing log and output: a stuck thread may hold their locks."""


class StopRequest:
    """What signals requested of this process; `supervisors` are those that drain because of it.

    `is_set`: drain and exit. `abort_requested`: release running jobs at once.
    """

    def __init__(self) -> None:
        self.supervisors: set[Any] = set()
        self.reset()

    def reset(self) -> None:
        """Clear the request and the supervisors."""
        self.is_set = self.abort_requested = False
        self.supervisors.clear()


class _Blocked(threading.local):
    """The signal mask of this thread before it began to fork."""

    mask: Any = None


stop_request = StopRequest()
_blocked = _Blocked()


def install_handlers() -> None:
    """Make SIGTERM stop the process gracefully, and a second signal at once.

    Only where SIGTERM has its default action and SIGINT Python's handler. Elsewhere than in the main thread,
    as at a first request, the main thread is asked to do it, which happens as soon as it runs Python code.
    """
    try:
        _install_handlers()
    except ValueError:  # not the main thread, which only `signal` itself can tell: gevent patches `threading`
        _call_in_main_thread()


def _install_handlers() -> None:
    # Below its master a worker of uWSGI is ended by SIGINT, handled in C; Python takes that for its own.
    if "uwsgi" in sys.modules or _is_handled_natively(signal.SIGTERM):
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)


def _is_handled_natively(number: int) -> bool:
    """Whether a host in C, such as uWSGI, handles the signal, of which Python knows nothing (Linux)."""
    if signal.getsignal(number) is not signal.SIG_DFL:
        return False
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            name, _, mask = line.partition(":")
            if name == "SigCgt":
                return bool(int(mask, 16) >> (number - 1) & 1)
    return False


def _install_later(_nothing: object) -> int:
    # Nobody to raise to; where the threads have ended meanwhile, nothing is to be handled.
    with contextlib.suppress(Exception):
        if stop_request.supervisors:
            _install_handlers()
    return 0


@functools.cache  # kept: the interpreter calls it later
def _as_pending_call() -> Any:
    import ctypes

    return ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_install_later)


def _call_in_main_thread() -> None:
    """Have the interpreter call `_install_later` in its main thread."""
    with contextlib.suppress(ImportError, AttributeError):  # not CPython
        import ctypes

        ctypes.pythonapi.Py_AddPendingCall(_as_pending_call(), None)


def restore_handlers() -> None:
    """Restore the default handlers, once no supervisor is left; only in the main thread."""
    if stop_request.supervisors or threading.current_thread() is not threading.main_thread():
        return
    for number, theirs in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        # A host may have installed its own since then: that one stays.
        if signal.getsignal(number) in (_on_sigterm, _on_interrupt):
            signal.signal(number, theirs)


def block_signals() -> None:
    """Block SIGTERM and SIGINT in this thread, and in the child that it is about to fork.

    Python drops signals that reach a child before it is ready: a `terminate()` after `start()` would be lost.
    """
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        _blocked.mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))


def unblock_signals() -> None:
    """Restore the mask from before `block_signals`."""
    if _blocked.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _blocked.mask)
        _blocked.mask = None


def reset_after_fork() -> None:
    """In a forked child: no stop is requested, and signals have their default handlers."""
    stop_request.reset()
    restore_handlers()


def has_main_thread_ended() -> bool:
    """Whether the main thread has ended, or only waits for the other threads to end.

    It counts as alive while Python joins the threads of pools, the first step of its shutdown: waiting for
    `is_alive` would join a pool that nobody has drained.
    """
    main = threading.main_thread()
    frame = sys._current_frames().get(main.ident or 0)
    # Not the outermost frame alone: the processes of `multiprocessing` call it themselves.
    while frame is not None and frame.f_code is not threading._shutdown.__code__:  # type: ignore[attr-defined]
        frame = frame.f_back
    return frame is not None or not main.is_alive()


def exit_now(code: int) -> NoReturn:
    """Exit at once, whatever the threads do: Python would wait for them for ever."""
    with contextlib.suppress(RuntimeError):  # no new thread while the interpreter goes down
        # In a thread of its own: the lock of a log handler may be held by the thread that is stuck.
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
    log.warning("a thread did not end in time: the process exits without waiting for it")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    if stop_request.supervisors and (stop_request.is_set or has_main_thread_ended()):
        stop_request.abort_requested = True
        return
    stop_request.is_set = True
    # As sys.exit() in the main thread: `finally` blocks and atexit functions of the host run.
    raise SystemExit(0)


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    # While the interpreter waits for its last threads, an exception would end it in the middle of a drain.
    if stop_request.supervisors and has_main_thread_ended():
        stop_request.abort_requested = True
        return
    signal.default_int_handler(number, frame)
