"""The threads work off what is in the line, with no run left lying and none begun after the end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.jobs.clock import ManualClock
from app.jobs.engines.thread import ThreadEngine
from app.jobs.run import Outcome, Run

from ..reliability.manual_worker import ManualPool


class InterruptedLock:
    """A lock before which something else comes first, once it is given."""

    def __init__(self) -> None:
        self.first: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        if self.first:
            self.first.pop()()

    def __exit__(self, *error: object) -> None:
        pass


class Recorder:
    """An engine on a manual pool, what it ran, and how its runs ended."""

    def __init__(self, size: int = 2) -> None:
        self.pool, self.clock = ManualPool(), ManualClock()
        self.ran: list[str] = []
        self.ended: list[str] = []
        self.engine = ThreadEngine(self.pool, size, run=self._run, on_end=self._end, clock=self.clock)

    def runs(self, count: int, first: int = 0) -> list[Run]:
        """So many claimed runs."""
        now = self.clock.now()
        return [
            Run(str(n), "add", "q", "{}", 1, 1, None, n, "me", "token", now, now)
            for n in range(first, first + count)
        ]

    def _run(self, run: Run) -> Outcome:
        self.ran.append(run.job_id)
        return Outcome("succeeded")

    def _end(self, run: Run, outcome: Outcome) -> None:
        self.ended.append(outcome.kind)


def test_a_thread_goes_on_with_the_next_run() -> None:
    """The pool is asked for two threads, not for ten runs; the runs keep their order."""
    here = Recorder()
    here.engine.start(here.runs(10))
    assert len(here.pool.waiting) == 2
    here.pool.run()
    assert here.ran == [str(n) for n in range(10)]
    assert here.ended == ["succeeded"] * 10


def test_a_thread_that_is_about_to_leave_strands_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is added after the last look at the line, and counts on the thread that has not left yet."""
    lock = InterruptedLock()
    monkeypatch.setattr(threading, "Lock", lambda: lock)
    here = Recorder(size=1)
    monkeypatch.undo()
    first, second = here.runs(2)
    here.engine.start([first])
    lock.first = [lambda: here.engine.start([second])]
    here.pool.run()
    assert here.ran == ["0", "1"]


def test_nothing_begins_once_it_is_closed() -> None:
    """What waits then, and what is claimed too late, is released; a thread that is at work takes no more."""
    here = Recorder()
    here.engine.start(here.runs(5))
    here.engine.close()
    here.engine.start(here.runs(3, first=5))
    here.pool.run()
    assert here.ran == []
    assert here.ended == ["released"] * 8


def test_what_waits_too_long_for_a_thread_is_released() -> None:
    """The younger ones stay in the line."""
    here = Recorder(size=1)
    here.engine.start(here.runs(2))
    here.clock.advance(0.3)
    here.engine.start(here.runs(2, first=2))
    here.engine.release_unstarted(older_than=0.2)
    here.pool.run()
    assert here.ended == ["released"] * 2 + ["succeeded"] * 2
    assert here.ran == ["2", "3"]


def test_a_thread_that_cannot_be_had_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs are not taken, and the next ones are, once there is a thread."""
    here = Recorder()

    def refuse(_function: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(here.pool, "submit", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        here.engine.start(here.runs(2))
    monkeypatch.undo()
    here.engine.start(here.runs(2, first=2))
    here.pool.run()
    assert (here.ran, here.ended, here.engine.is_closed) == (["2", "3"], ["succeeded"] * 2, False)
