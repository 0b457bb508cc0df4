"""The thread engine: Flask-Executor's pool, with what it needs to be called from our own threads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from flask_executor import Executor

NAME: Final = "simmer"


class ThreadPool:
    """A Flask-Executor of our own, beside whatever executor the host has.

    Flask-Executor 1.0 wraps each function in a copy of the current request context, and so refuses a
    thread that has none, as the dispatcher has not; and a copied request would keep its body in memory
    while the job runs. Its `_prepare_fn` is therefore replaced, on the instance: its proxy would not
    find it on a subclass. The runner makes the app context instead.
    """

    name = "thread"

    def __init__(self, app: Flask, threads: int) -> None:
        app.config[f"{NAME.upper()}_EXECUTOR_TYPE"] = "thread"
        app.config[f"{NAME.upper()}_EXECUTOR_MAX_WORKERS"] = threads
        self._executor = Executor(name=NAME)
        self._executor._prepare_fn = _unwrapped
        self._executor.init_app(app)

    def submit(self, function: Callable[..., None], *args: Any) -> None:
        """Run `function` in the pool. Raises RuntimeError where the pool or the interpreter is closing."""
        self._executor.submit(function, *args)

    def close(self) -> None:
        """Take no more work; threads that are busy go on."""
        with contextlib.suppress(RuntimeError):
            self._executor.shutdown(wait=False)


def _unwrapped(function: Callable[..., None], force_copy: bool = False) -> Callable[..., None]:
    return function
