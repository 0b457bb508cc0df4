"""Starts the threads where the process is proven to serve, and nowhere else (promise 10)."""

from __future__ import annotations

import functools
import os
from inspect import signature
from typing import Any, Protocol

from flask import Flask
from flask.cli import load_dotenv
from flask.helpers import get_debug_flag, get_load_dotenv

from .servers import Serving, find_serving, handles_a_request, is_reloader_child


class Startable(Protocol):
    """What is started: an app's threads in this process. `was_started` stays true once they were."""

    was_started: bool

    def start(self, serving: Serving) -> None:
        """Start the threads, once `serving` has made the app."""


def start_when_serving(app: Flask, runtime: Startable) -> None:
    """Start now where a server is making the app; else when `app.run` or a first request proves one."""
    if serving := find_serving():
        runtime.start(serving)
        return
    _start_in_run(app, runtime)
    _start_at_first_request(app, runtime)


def _start_in_run(app: Flask, runtime: Startable) -> None:
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


def _start_at_first_request(app: Flask, runtime: Startable) -> None:
    """For a server that we do not know."""

    @app.before_request
    def start_jobs() -> None:
        # Once: threads that were stopped stay so, and a process that they forked has none.
        if not runtime.was_started and not app.testing and handles_a_request():
            runtime.start(Serving("a server that is not known"))
