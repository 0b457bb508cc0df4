"""The thread engine: Flask-Executor's pool, and the queue of runs that its threads take from."""

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
from ..execution.failure import is_interpreter_closing
from ..run import Outcome, Run
from .base import OnEnd, RunTask

NAME: Final = "simmer"


class Pool(Protocol):
    """The methods of an executor that are used here."""

    def submit(self, function: Callable[[], None]) -> Any:
        """Call it in a thread; RuntimeError where the pool or the interpreter is closing."""

    def shutdown(self, *, wait: bool) -> None:
        """Accept no further call."""


def create_pool(app: Flask, threads: int) -> Pool:
    """A Flask-Executor under a name of its own, so that an executor of the host's stays as it is."""
    app.config[f"{NAME.upper()}_EXECUTOR_TYPE"] = "thread"
    app.config[f"{NAME.upper()}_EXECUTOR_MAX_WORKERS"] = threads
    executor = Executor(name=NAME)
    # Flask-Executor 1.0 wraps each function in a copy of the current request context. It raises where there
    # is none, as in the dispatcher, and a copy would keep the request's body in memory while the job runs.
    # Replaced on the instance: its proxy does not find a subclass's. The runner makes the app context.
    executor._prepare_fn = _keep_function
    executor.init_app(app)
    return executor  # type: ignore[no-any-return]


class ThreadEngine:
    """Runs in up to `size` threads of `pool`.

    A thread takes one run after the other while there are any: a call to the pool for each would cost more
    than a short job.
    """

    name = "thread"

    def __init__(self, pool: Pool, size: int, *, run: RunTask, on_end: OnEnd, clock: Clock) -> None:
        self._pool, self._size, self._run, self._on_end, self._clock = pool, size, run, on_end, clock
        self._pending: deque[Run] = deque()
        self._lock = threading.Lock()
        self._busy = 0
        self.is_closed = False

    def start(self, runs: Sequence[Run]) -> None:
        """Queue the runs, and wake a thread for each; a closed engine releases them."""
        self._pending.extend(runs)
        for _ in runs:
            if self.is_closed or not self._reserve_thread():
                break
            try:
                self._pool.submit(self._work)
            except BaseException as error:
                self._free_thread()
                if is_interpreter_closing(error):
                    self.is_closed = True
                elif not self._busy:  # no thread is there that would come to them
                    self._pending.clear()
                    raise
                break
        if self.is_closed:
            self.release_unstarted()

    def release_unstarted(self, older_than: float = 0.0) -> None:
        """Release runs that were claimed over `older_than` seconds ago and have not begun; 0 means all."""
        before = self._clock.now() - timedelta(seconds=older_than)
        while (first := self._peek()) and (not older_than or first.claimed_at < before):
            # Another one than `first` if a thread was faster: it waited nearly as long.
            if run := self._pop():
                self._on_end(run, Outcome("released", reason="it had not begun"))

    def cancel(self, run: Run) -> None:
        """Nothing to do: the task reads `run.cancel_requested` itself."""

    def close(self) -> None:
        """Begin nothing more, and release what has not begun; threads that are busy go on."""
        self.is_closed = True
        with contextlib.suppress(RuntimeError):
            self._pool.shutdown(wait=False)
        self.release_unstarted()

    def _work(self) -> None:
        """The loop of a pool thread."""
        try:
            while not self.is_closed and (run := self._next_run()):
                self._on_end(run, self._run(run))
        except BaseException:
            self._free_thread()
            raise

    def _next_run(self) -> Run | None:
        run = self._pop()
        if run is None:
            with self._lock:
                # Once more, under the lock: `start` may have added one and found no thread to reserve.
                run = self._pop()
                self._busy -= run is None
        return run

    def _peek(self) -> Run | None:
        try:
            return self._pending[0]
        except IndexError:
            return None

    def _pop(self) -> Run | None:
        """Take the first run, None if there is none."""
        # popleft is atomic: of two threads that ask, each gets another run.
        try:
            return self._pending.popleft()
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


def _keep_function(function: Callable[[], None], force_copy: bool = False) -> Callable[[], None]:
    return function
