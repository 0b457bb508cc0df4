"""The jobs that wait for a thread, in order, and the threads of a pool that work them off."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ..clock import Clock
from ..execution.runner import Runner
from ..outcomes import Outcome
from ..worker.running import Slot, Slots
from . import Pool

PATIENCE: Final = timedelta(seconds=0.2)
"""A job that was claimed ahead and has not begun after this is put back: it sits behind a long one."""


class Crew:
    """As many threads of `pool` as there are jobs, `size` at most.

    A thread goes on with the next job as long as there is one: to ask the pool for each would cost more
    than a short job does.
    """

    def __init__(self, size: int, *, pool: Pool, runner: Runner, slots: Slots, clock: Clock) -> None:
        self._size, self._pool, self._runner, self._slots, self._clock = size, pool, runner, slots, clock
        self._line: deque[Slot] = deque()
        self._lock = threading.Lock()
        self._at_work = 0
        self._is_closed = False

    def begin(self, slots: Sequence[Slot]) -> None:
        """Let the jobs run in this order; once closed, put them back."""
        self._line.extend(slots)
        for _ in slots:
            if self._is_closed or not self._one_more():
                break
            try:
                self._pool.submit(self._work_off)
            except RuntimeError:  # the interpreter is closing its pools
                self._one_less()
                self._is_closed = True
        if self._is_closed:
            self.put_back(all_of_them=True)

    def close(self) -> None:
        """Begin nothing more, and put back what has not begun."""
        self._is_closed = True
        self._pool.close()
        self.put_back(all_of_them=True)

    def put_back(self, all_of_them: bool) -> None:
        """Release what was claimed ahead and sits behind long jobs, or all that has not begun."""
        patient_until = self._clock.now() - PATIENCE
        while (first := self._first()) and (all_of_them or first.claim.claimed_at < patient_until):
            if slot := self._take():  # a thread may have taken the first
                self._slots.end(slot, Outcome("released", reason="it had not begun"))

    def _work_off(self) -> None:
        """In a thread of the pool."""
        try:
            while not self._is_closed and (slot := self._next()):
                slot.run.start()
                self._slots.end(slot, self._runner.run(slot.claim, slot.run))
        except BaseException:
            self._one_less()
            raise

    def _next(self) -> Slot | None:
        slot = self._take()
        if slot is None:
            with self._lock:
                slot = self._take()  # who added it just now may have counted on this thread
                self._at_work -= slot is None
        return slot

    def _first(self) -> Slot | None:
        try:
            return self._line[0]
        except IndexError:
            return None

    def _take(self) -> Slot | None:
        """The first of the line, for whoever asks first."""
        try:
            return self._line.popleft()
        except IndexError:
            return None

    def _one_more(self) -> bool:
        with self._lock:
            is_free = self._at_work < self._size
            self._at_work += is_free
        return is_free

    def _one_less(self) -> None:
        with self._lock:
            self._at_work -= 1
