"""The runtime of the current app, from `app.extensions`."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, current_app

from .errors import NotReady

KEY: Final = "simmer"
"""Where an app keeps its runtime, in `app.extensions`."""


def current_runtime() -> Any:
    """What `init_app` stored in the current app; raises NotReady outside an app context or without one.

    ConfigError where Flask-SQLAlchemy was initialised after it: jobs would live in another database.
    """
    try:
        runtime = current_app.extensions[KEY]
    except KeyError:
        problem = f"the app {current_app.name!r} has no Flask-Simmer: call jobs.init_app(app)"
        raise NotReady(problem) from None
    except RuntimeError:
        raise NotReady("there is no app context: wrap the call in `with app.app_context():`") from None
    runtime.check_order()
    return runtime


def has_runtime(app: Flask) -> bool:
    """Whether `app` was given to a Simmer."""
    return KEY in app.extensions
