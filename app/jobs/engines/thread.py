"""The thread engine: Flask-Executor's pool, and the line of runs that its threads work off."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

from flask import Flask
from flask_executor import Executor

from ..clock import Clock
from ..outcomes import Outcome
from ..run import Run
from .base import OnEnd, RunTask

NAME: Final = "simmer"


class Pool(Protocol):
    """As much of an executor as is used here."""

    def submit(self, function: Callable[[], None]) -> Any:
        """Call it in a thread; RuntimeError where the pool or the interpreter is closing."""

    def shutdown(self, *, wait: bool) -> None:
        """Take no more."""


def create_pool(app: Flask, threads: int) -> Pool:
    """A Flask-Executor of our own, beside whatever executor the host has.

    Flask-Executor 1.0 wraps each function in a copy of the current request context, and so refuses a
    thread that has none, as the dispatcher has not; and a copied request would keep its body in memory
    while the job runs. Its `_prepare_fn` is therefore replaced, on the instance: its proxy would not
    find it on a subclass. The runner makes the app context instead.
    """
    app.config[f"{NAME.upper()}_EXECUTOR_TYPE"] = "thread"
    app.config[f"{NAME.upper()}_EXECUTOR_MAX_WORKERS"] = threads
    executor = Executor(name=NAME)
    executor._prepare_fn = _unwrapped
    executor.init_app(app)
    return executor  # type: ignore[no-any-return]


class ThreadEngine:
    """As many threads of `pool` as there are runs, `size` at most.

    A thread goes on with the next run as long as there is one: to ask the pool for each would cost more
    than a short job does.
    """

    name = "thread"

    def __init__(self, pool: Pool, size: int, *, run: RunTask, on_end: OnEnd, clock: Clock) -> None:
        self._pool, self._size, self._run, self._on_end, self._clock = pool, size, run, on_end, clock
        self._line: deque[Run] = deque()
        self._lock = threading.Lock()
        self._busy = 0
        self.is_closed = False

    def start(self, runs: Sequence[Run]) -> None:
        """Let them run in this order; closed, release them."""
        self._line.extend(runs)
        for _ in runs:
            if self.is_closed or not self._reserve_thread():
                break
            try:
                self._pool.submit(self._work)
            except RuntimeError:  # the interpreter is closing its pools
                self._free_thread()
                self.is_closed = True
        if self.is_closed:
            self.release_unstarted()

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Release what was claimed more than so many seconds ago and waits for a thread; 0 means all."""
        before = self._clock.now() - timedelta(seconds=older_than)
        while (first := self._first()) and (not older_than or first.claimed_at < before):
            if run := self._take():  # a thread may have taken the first
                self._on_end(run, Outcome("released", reason="it had not begun"))

    def cancel(self, run: Run) -> None:
        """Nothing to do: the task looks at `run.cancel_requested` itself."""

    def close(self) -> None:
        """Begin nothing more, and release what has not begun; threads that are busy go on."""
        self.is_closed = True
        with contextlib.suppress(RuntimeError):
            self._pool.shutdown(wait=False)
        self.release_unstarted()

    def _work(self) -> None:
        """In a thread of the pool."""
        try:
            while not self.is_closed and (run := self._next()):
                self._on_end(run, self._run(run))
        except BaseException:
            self._free_thread()
            raise

    def _next(self) -> Run | None:
        run = self._take()
        if run is None:
            with self._lock:
                # Once more, under the lock: whoever added one just now may have counted on this thread.
                run = self._take()
                self._busy -= run is None
        return run

    def _first(self) -> Run | None:
        try:
            return self._line[0]
        except IndexError:
            return None

    def _take(self) -> Run | None:
        """The first of the line, for whoever asks first."""
        try:
            return self._line.popleft()
        except IndexError:
            return None

    def _reserve_thread(self) -> bool:
        with self._lock:
            is_free = self._busy < self._size
            self._busy += is_free
        return is_free

    def _free_thread(self) -> None:
        with self._lock:
            self._busy -= 1


def _unwrapped(function: Callable[[], None], force_copy: bool = False) -> Callable[[], None]:
    return function
