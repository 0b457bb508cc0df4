"""Starts the threads where this process is known to serve, and nowhere else (promise 10)."""

from __future__ import annotations

import functools
import os
from inspect import signature
from typing import Any, Protocol

from flask import Flask
from flask.cli import load_dotenv
from flask.helpers import get_debug_flag, get_load_dotenv

from .servers import Serving, detect_server, detect_serving, is_handling_request, is_reloader_child


class Startable(Protocol):
    """The threads of an app in this process. `was_started` stays true once they were started."""

    was_started: bool

    def start(self, serving: Serving) -> None:
        """Start the threads, once the server has created the app."""


def start_when_serving(app: Flask, runtime: Startable) -> None:
    """Start now if a server is creating the app; else in `app.run`, or at the first request."""
    if serving := detect_server():
        runtime.start(serving)
        return
    _start_in_run(app, runtime)
    _start_at_first_request(app, runtime)


def _start_in_run(app: Flask, runtime: Startable) -> None:
    """Start when `app.run()` is called, but not in its reloader's parent, which never serves."""
    # Wrapped: app.run comes after create_app, and Flask has neither a hook nor a signal for it.
    run = app.run

    @functools.wraps(run)
    def run_with_jobs(*args: Any, **options: Any) -> None:
        # While a `flask` command loads the app, `app.run()` at the end of its module does nothing.
        if os.environ.get("FLASK_RUN_FROM_CLI") != "true" and not _only_reloads(app, args, options):
            runtime.start(Serving("app.run", None if options.get("threaded", True) else 1))
        run(*args, **options)

    app.run = run_with_jobs  # type: ignore[method-assign]


def _only_reloads(app: Flask, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether `app.run(*args, **options)` will only watch files and start the process that serves."""
    # As Flask.run itself decides it, in the same order: dotenv, FLASK_DEBUG, debug=, use_reloader=.
    given = signature(Flask.run).bind(app, *args, **options).arguments
    debug = app.debug
    if get_load_dotenv(given.get("load_dotenv", True)):
        load_dotenv()
        debug = get_debug_flag() if "FLASK_DEBUG" in os.environ else debug
    if given.get("debug") is not None:
        debug = given["debug"]
    return bool(options.get("use_reloader", debug)) and not is_reloader_child()


def _start_at_first_request(app: Flask, runtime: Startable) -> None:
    """Start at the first request, for a server that is not detected."""

    @app.before_request
    def start_jobs() -> None:
        # was_started, not is_running: after jobs.stop() they stay stopped, and so in forks of this process.
        if not runtime.was_started and not app.testing and is_handling_request():
            runtime.start(detect_serving())
