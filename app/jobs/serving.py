"""Proof that this process serves, read off the stack while the app is being made (promise 10).

What each server's stack looks like was found by running it; a server that is not listed here starts our
threads at its first request.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class Serving:
    """A server that is about to serve in this process.

    `threads` is how many requests it handles at a time (None: unknown), `is_loaded` whether it has finished
    making the app, `is_stopping` whether it was told to stop.
    """

    server: str
    threads: int | None = None
    is_loaded: Callable[[], bool] = lambda: True
    is_stopping: Callable[[], bool] = lambda: False


def find_serving() -> Serving | None:
    """The server on the calling thread's stack, or None where none is proven."""
    inner: FrameType | None = None
    for frame in _stack():
        for (module, function), recognise in _SERVERS.items():
            if frame.f_code.co_name == function and frame.f_globals.get("__name__") == module:
                return recognise(frame, inner)
        inner = frame
    return None


def is_reloader_child() -> bool:
    """Whether Werkzeug's reloader started this process and will restart it."""
    return os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def _gunicorn_worker(frame: FrameType, inner: FrameType | None) -> Serving:
    return _gunicorn("gunicorn", frame.f_locals["self"], _is_gone(inner))


def _gunicorn_fork(frame: FrameType, _inner: FrameType | None) -> Serving | None:
    # In the child of a preloading master; in the master itself the loop forks and nothing serves.
    return _gunicorn("gunicorn --preload", frame.f_locals["worker"], lambda: True)


def _gunicorn(name: str, worker: Any, is_loaded: Callable[[], bool]) -> Serving:
    threads = worker.cfg.threads if "gthread" in type(worker).__module__ else 1
    return Serving(name, threads, is_loaded, lambda: not worker.alive)


def _flask_run(frame: FrameType, inner: FrameType | None) -> Serving | None:
    reload = frame.f_locals.get("reload")
    reloads = (
        os.environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no")
        if reload is None
        else reload
    )
    if reloads and not is_reloader_child():
        return None  # the reloader's parent only watches files
    return Serving("flask run", None, _is_gone(inner))


def _waitress(_frame: FrameType, inner: FrameType | None) -> Serving:
    return Serving("waitress", 4, _is_gone(inner))


_SERVERS: dict[tuple[str, str], Callable[[FrameType, FrameType | None], Serving | None]] = {
    ("gunicorn.workers.base", "init_process"): _gunicorn_worker,
    ("gunicorn.arbiter", "spawn_worker"): _gunicorn_fork,
    ("flask.cli", "run_command"): _flask_run,
    ("waitress.runner", "run"): _waitress,
}


def _stack() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_gone(loading: FrameType | None) -> Callable[[], bool]:
    """Whether `loading`, the frame in which the server makes the app, is no longer on its thread's stack."""
    thread = threading.get_ident()

    def is_gone() -> bool:
        frame = sys._current_frames().get(thread)
        while frame is not None:
            if frame is loading:
                return False
            frame = frame.f_back
        return True

    return is_gone
