"""The threads work off what is in the line, with no run left lying and none begun after the end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.jobs.clock import ManualClock
from app.jobs.engines.thread import ThreadEngine
from app.jobs.run import Outcome, Run

from ..reliability.manual_worker import ManualPool
from ..support import eventually


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
        self.during: dict[str, Callable[[], object]] = {}
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
        run.thread = threading.get_ident()
        self.during.get(run.job_id, lambda: None)()
        run.thread = None
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


def test_a_stuck_thread_is_replaced_until_it_ends() -> None:
    """Once: a spare thread takes the next run, and goes when it has none; then the pool's is used again."""
    here = Recorder(size=1)
    first, second, third = here.runs(3)

    def is_stuck() -> None:
        assert here.engine.replace_thread(first)
        assert not here.engine.replace_thread(first)
        here.engine.start([second])
        eventually(lambda: here.ended == ["succeeded"])
        eventually(lambda: not any("spare" in each.name for each in threading.enumerate()))

    here.during["0"] = is_stuck
    here.engine.start([first])
    here.pool.run()
    assert (here.ran, here.ended) == (["0", "1"], ["succeeded"] * 2)
    here.engine.start([third])
    assert len(here.pool.waiting) == 1
    here.pool.run()
    assert here.ran == ["0", "1", "2"]


def test_a_spare_thread_can_be_stuck_too_and_is_the_last_of_size_one() -> None:
    """No more threads than twice the size: the third run waits until one of the two ends."""
    here, go_on = Recorder(size=1), threading.Event()
    first, second, third = here.runs(3)

    def both_are_stuck() -> None:
        assert here.engine.replace_thread(first)
        here.engine.start([second])
        eventually(lambda: second.thread is not None)
        assert here.engine.replace_thread(second)
        here.engine.start([third])
        assert here.ran == ["0", "1"]
        go_on.set()
        eventually(lambda: second.thread is None)

    here.during |= {"0": both_are_stuck, "1": lambda: go_on.wait(10)}
    here.engine.start([first])
    here.pool.run()
    assert (here.ran, sorted(here.ended)) == (["0", "1"], ["succeeded"] * 2)
    here.engine.start([here.runs(1, first=3)[0]])
    here.pool.run()
    assert here.ran == ["0", "1", "2", "3"]


def test_a_run_that_has_ended_is_not_stuck() -> None:
    """Its thread goes on with the next run: there is nothing to replace, and nothing is."""
    here = Recorder(size=1)
    first, second, third = here.runs(3)
    here.during["1"] = lambda: replaced.append(here.engine.replace_thread(first))
    replaced: list[bool] = []
    here.engine.start([first, second])
    here.pool.run()
    assert replaced == [False]
    here.engine.start([third])
    assert len(here.pool.waiting) == 1
