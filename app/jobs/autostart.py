"""Starts the threads where the process is proven to serve, and nowhere else (promise 10)."""

from __future__ import annotations

import functools
import os
import sys
import weakref
from inspect import signature
from typing import Any

from flask import Flask, request
from flask.cli import load_dotenv
from flask.helpers import get_debug_flag, get_load_dotenv

from . import process
from .runtime import Runtime
from .serving import Serving, find_forking, find_serving, is_reloader_child

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
    _listen_for_forks()
    _runtimes.add(runtime)


@functools.cache
def _listen_for_forks() -> None:
    os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    process.forget_after_fork()
    serving = find_forking(sys._getframe().f_back)
    for runtime in list(_runtimes):
        runtime.renew_after_fork()
        if serving is not None and runtime.settings.autostart:
            runtime.start(serving)


def _start_in_run(app: Flask, runtime: Runtime) -> None:
    """`app.run()` is known only when it is called; its reloader's parent never serves."""
    run = app.run

    @functools.wraps(run)
    def run_with_jobs(*args: Any, **options: Any) -> None:
        # While a command of Flask's loads the app, `app.run()` does nothing.
        if os.environ.get("FLASK_RUN_FROM_CLI") != "true" and not _only_reloads(app, args, options):
            runtime.start(Serving("app.run", None if options.get("threaded", True) else 1))
        run(*args, **options)

    app.run = run_with_jobs  # type: ignore[method-assign]


def _only_reloads(app: Flask, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether `app.run(*args, **options)` will only watch files and start the process that serves."""
    given = signature(Flask.run).bind(app, *args, **options).arguments
    debug = app.debug
    if get_load_dotenv(given.get("load_dotenv", True)):
        load_dotenv()  # as Flask does next: what it finds may be FLASK_DEBUG
        debug = get_debug_flag() if "FLASK_DEBUG" in os.environ else debug
    if given.get("debug") is not None:
        debug = given["debug"]
    return bool(options.get("use_reloader", debug)) and not is_reloader_child()


def _start_at_first_request(app: Flask, runtime: Runtime) -> None:
    """For a server that we do not know. A test client's request proves nothing."""

    @app.before_request
    def start_jobs() -> None:
        # Once: threads that were stopped stay so, and a process that they forked has none.
        if runtime.was_started or app.testing or "flask._preserve_context" in request.environ:
            return
        runtime.start(Serving("a server that is not known"))
