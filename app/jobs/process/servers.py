"""Detects the server that creates the app, from the stack of the calling thread (promise 10).

What each server's stack looks like was found by running it; for a server that is not listed here the
threads start at its first request.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from flask.helpers import get_debug_flag

from .holds import IsOver, TwistedHold, UvicornHold, running_reactor, running_uvicorn


@dataclass(frozen=True)
class Serving:
    """A server that is about to serve in this process.

    `threads` is how many requests it handles at a time (None: unknown), `is_loaded` whether it has finished
    creating the app, `is_stopping` whether it was asked to stop, `answers_http` whether it is known to answer
    requests. `hold`, called once it is loaded, has the server wait at its end until the drain is over.
    """

    server: str
    threads: int | None = None
    is_loaded: Callable[[], bool] = lambda: True
    is_stopping: Callable[[], bool] = lambda: False
    answers_http: bool = True
    hold: Callable[[IsOver], None] = lambda _is_over: None


def detect_server() -> Serving | None:
    """The server on the calling thread's stack or in the main thread; None if there is none that is known."""
    inner: FrameType | None = None
    for frame in _walk_stack(sys._getframe(1)):
        if detect := _DETECTORS.get(_location(frame)):
            return detect(frame, inner)
        inner = frame
    server = running_uvicorn()
    return None if server is None else _uvicorn(server)


def detect_serving() -> Serving:
    """What serves the request that the calling thread handles."""
    if (server := running_uvicorn()) is not None:
        return _uvicorn(server)
    if (reactor := running_reactor()) is not None:
        held = TwistedHold(reactor)
        return Serving("twisted", is_stopping=lambda: held.is_stopping, hold=held.attach)
    return Serving("unknown server")


def detect_forking_server(frame: FrameType | None) -> Serving | None:
    """The server that forked this process to serve, if `frame`, the caller of `os.fork`, shows one.

    Outer frames prove nothing: a request may fork as well.
    """
    if frame is not None and _location(frame) == ("gunicorn.arbiter", "spawn_worker"):
        return _gunicorn(frame.f_locals["worker"])
    return None


def is_handling_request() -> bool:
    """Whether the calling thread handles a request of a server, not of a test client."""
    names = {_location(frame) for frame in _walk_stack(sys._getframe(1))}
    return ("flask.app", "wsgi_app") in names and ("werkzeug.test", "run_wsgi_app") not in names


def is_reloader_child() -> bool:
    """Whether Werkzeug's reloader started this process and will restart it."""
    return os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def _gunicorn_worker(frame: FrameType, _inner: FrameType | None) -> Serving:
    return _gunicorn(frame.f_locals["self"])


def _gunicorn(worker: Any) -> Serving:
    threads = worker.cfg.threads if "gthread" in type(worker).__module__ else 1
    # booted: with --preload the app exists before the worker has switched to its user.
    return Serving("gunicorn", threads, lambda: worker.booted, lambda: not worker.alive)


def _uvicorn(server: Any) -> Serving:
    held = UvicornHold(server)
    return Serving("uvicorn", None, lambda: server.started, lambda: held.is_stopping, hold=held.attach)


def _flask_run(frame: FrameType, inner: FrameType | None) -> Serving | None:
    reload = frame.f_locals["reload"]
    if (get_debug_flag() if reload is None else reload) and not is_reloader_child():
        return None  # the reloader's parent only watches files and restarts the child
    return Serving("flask run", None if frame.f_locals["with_threads"] else 1, _has_left_stack(inner))


def _waitress(frame: FrameType, inner: FrameType | None) -> Serving:
    return Serving("waitress", int(frame.f_locals["kw"].get("threads", 4)), _has_left_stack(inner))


_DETECTORS: dict[tuple[str, str], Callable[[FrameType, FrameType | None], Serving | None]] = {
    ("gunicorn.workers.base", "init_process"): _gunicorn_worker,
    ("flask.cli", "run_command"): _flask_run,
    ("waitress.runner", "run"): _waitress,
}


# By the names of module and function: most apps have only one of the servers installed.
def _location(frame: FrameType) -> tuple[str, str]:
    return frame.f_globals.get("__name__", ""), frame.f_code.co_name


def _walk_stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _has_left_stack(loading: FrameType | None) -> Callable[[], bool]:
    """A function that tells whether `loading`, the frame that creates the app, has returned."""
    # Polled by the supervisor's thread: no job may run while the app's modules are still being imported.
    thread = threading.get_ident()
    return lambda: all(frame is not loading for frame in _walk_stack(sys._current_frames().get(thread)))
