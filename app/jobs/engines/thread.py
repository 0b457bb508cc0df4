"""The thread engine: Flask-Executor's pool, and the queue of runs that its threads take from."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


class SpareThreads:
    """A pool of plain threads, each of which ends with its call: what replaces stuck ones goes away again."""

    def submit(self, function: Callable[[], None]) -> None:
        """Call it in a new thread."""
        threading.Thread(target=function, name=f"{NAME}_spare").start()

    def shutdown(self, *, wait: bool) -> None:
        """Nothing to do: none of them waits for a call."""


@dataclass(slots=True)
class _Threads:
    """A pool, how many threads of it may be used, and how many are."""

    pool: Pool
    most: int
    busy: int = 0


class ThreadEngine:
    """Runs in up to `size` threads of `pool`, and in a spare one for each that is stuck, up to `size` more.

    A thread takes one run after the other while there are any: a call to the pool for each would cost more
    than a short job.
    """

    name = "thread"

    def __init__(self, pool: Pool, size: int, *, run: RunTask, on_end: OnEnd, clock: Clock) -> None:
        self._size, self._run, self._on_end, self._clock = size, run, on_end, clock
        self._own, self._spare = _Threads(pool, size), _Threads(SpareThreads(), 0)
        self._pending: deque[Run] = deque()
        self._lock = threading.Lock()
        self._stuck: set[Run] = set()
        self.is_closed = False

    def start(self, runs: Sequence[Run]) -> None:
        """Queue the runs, and wake a thread for each; a closed engine releases them."""
        self._pending.extend(runs)
        for _ in runs:
            if self.is_closed or (threads := self._reserve_thread()) is None:
                break
            try:
                threads.pool.submit(functools.partial(self._work, threads))
            except BaseException as error:
                self._free_thread(threads)
                if is_interpreter_closing(error):
                    self.is_closed = True
                elif not self._working:  # no thread is there that would come to them
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

    def replace_thread(self, run: Run) -> bool:
        """Count the thread of `run` no more until the run ends. False where it has ended, or is not begun."""
        with self._lock:
            if run in self._stuck:
                return False
            self._stuck.add(run)
            # Added before this look: either it sees that the run has ended, or the thread sees that it is in.
            if run.thread is None:
                self._stuck.remove(run)
                return False
            self._spare.most = min(len(self._stuck), self._size)
        return True

    def close(self) -> None:
        """Begin nothing more, and release what has not begun; threads that are busy go on."""
        self.is_closed = True
        for threads in (self._own, self._spare):
            with contextlib.suppress(RuntimeError):
                threads.pool.shutdown(wait=False)
        self.release_unstarted()

    def _work(self, threads: _Threads) -> None:
        """The loop of a thread."""
        try:
            while not self.is_closed and (run := self._next_run(threads)):
                outcome = self._run(run)
                # Before its end is told: whoever hears of it counts on the place that this makes.
                was_replaced = bool(self._stuck) and self._leave_replaced(run, threads)
                self._on_end(run, outcome)
                if was_replaced:
                    return
        except BaseException:
            self._free_thread(threads)
            raise

    def _next_run(self, threads: _Threads) -> Run | None:
        run = self._pop()
        if run is None:
            with self._lock:
                # Once more, under the lock: `start` may have added one and found no thread to reserve.
                run = self._pop()
                threads.busy -= run is None
        return run

    def _leave_replaced(self, run: Run, threads: _Threads) -> bool:
        """Whether the thread of `run` was replaced meanwhile: then it has left."""
        with self._lock:
            if run not in self._stuck:
                return False
            self._stuck.remove(run)
            self._spare.most = min(len(self._stuck), self._size)
            threads.busy -= 1
        return True

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

    @property
    def _working(self) -> int:
        """Threads that come to what waits, sooner or later."""
        return self._own.busy + self._spare.busy - len(self._stuck)

    def _reserve_thread(self) -> _Threads | None:
        with self._lock:
            if self._working < self._size:
                for threads in (self._own, self._spare):
                    if threads.busy < threads.most:
                        threads.busy += 1
                        return threads
        return None

    def _free_thread(self, threads: _Threads) -> None:
        with self._lock:
            threads.busy -= 1


def _keep_function(function: Callable[[], None], force_copy: bool = False) -> Callable[[], None]:
    return function
