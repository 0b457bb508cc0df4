"""Starts the threads where the process is proven to serve, and nowhere else (promise 10)."""

from __future__ import annotations

import functools
import os
import weakref
from typing import Any

from flask import Flask, request
from werkzeug.serving import is_running_from_reloader

from . import supervisor
from .runtime import Runtime
from .serving import Serving, find_serving

_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()


def start_when_serving(app: Flask, runtime: Runtime) -> None:
    """Start now where a server is making the app; else when `app.run` or a first request proves one."""
    if not runtime.settings.autostart:
        return
    if serving := find_serving():
        runtime.start(serving)
        return
    _start_in_run(app, runtime)
    _start_at_first_request(app, runtime)


def forget_after_fork(runtime: Runtime) -> None:
    """Have the runtime begin afresh in every child; only a server's child has threads started."""
    if not _runtimes:
        _listen_for_forks()
    _runtimes.add(runtime)


@functools.cache
def _listen_for_forks() -> None:
    os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    supervisor.forget_after_fork()
    serving = find_serving() if _runtimes else None
    for runtime in list(_runtimes):
        runtime.renew_after_fork()
        if serving is not None and runtime.settings.autostart:
            runtime.start(serving)


def _start_in_run(app: Flask, runtime: Runtime) -> None:
    """`app.run()` is known only when it is called; its reloader's parent never serves."""
    run = app.run

    @functools.wraps(run)
    def run_with_jobs(*args: Any, **options: Any) -> None:
        debug = args[2] if len(args) > 2 else options.get("debug")
        reloads = options.get("use_reloader", app.debug if debug is None else debug)
        if not reloads or is_running_from_reloader():
            runtime.start(Serving("app.run"))
        run(*args, **options)

    app.run = run_with_jobs  # type: ignore[method-assign]


def _start_at_first_request(app: Flask, runtime: Runtime) -> None:
    """For a server that we do not know. A test client's request proves nothing."""

    @app.before_request
    def start_jobs() -> None:
        if (
            runtime.supervisor is None
            and not app.testing
            and "flask._preserve_context" not in request.environ
        ):
            runtime.start(Serving("a server that is not known"))
