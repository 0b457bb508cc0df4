"""The crew works off what is in its line, with no job left lying and none begun after its end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.jobs.clock import Clock, ManualClock
from app.jobs.context import Run
from app.jobs.crew import Crew
from app.jobs.outcomes import Outcome
from app.jobs.slots import Slot, Slots
from app.jobs.store.claims import Claim

from .hand import HandPool


class Calls:
    """A runner that notes which jobs it was given."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.done = threading.Semaphore(0)

    def run(self, claim: Claim, run: Run) -> Outcome:
        """Note it."""
        self.ran.append(claim.id)
        self.done.release()
        return Outcome("succeeded")


class RealPool(HandPool):
    """Threads, as the pool of the thread engine has them."""

    def __init__(self, threads: int) -> None:
        self.threads = ThreadPoolExecutor(threads)

    def submit(self, function: Any, *args: Any) -> None:
        """Run it in a thread."""
        self.threads.submit(function, *args)


def a_crew(pool: HandPool, clock: Clock, size: int = 2) -> tuple[Crew, Slots, Calls]:
    """A crew, its slots and what it ran."""
    slots, calls = Slots(size, clock, lambda: None), Calls()
    return Crew(size, pool=pool, runner=calls, slots=slots, clock=clock), slots, calls  # type: ignore[arg-type]


def fill(slots: Slots, clock: Clock, count: int) -> list[Slot]:
    """So many claimed jobs in hand."""
    claims = [
        Claim(str(n), "add", "q", "{}", 1, 1, None, n, "me", "token", clock.now()) for n in range(count)
    ]
    return [slots.fill(claim) for claim in claims]


def outcomes(slots: Slots) -> list[str]:
    """How the runs ended, as the dispatcher collects it."""
    return [end.outcome.kind for end in slots.collect()]


def test_a_thread_goes_on_with_the_next_job() -> None:
    """The pool is asked for two threads, not for ten runs; the jobs keep their order."""
    pool, clock = HandPool(), ManualClock()
    crew, slots, calls = a_crew(pool, clock)
    crew.begin(fill(slots, clock, 10))
    assert len(pool.waiting) == 2
    pool.run()
    assert calls.ran == [str(n) for n in range(10)]
    assert outcomes(slots) == ["succeeded"] * 10


def test_a_thread_that_is_about_to_leave_strands_no_job() -> None:
    """Jobs come one by one, each just as the last thread runs out of work."""
    clock = Clock()
    pool = RealPool(2)
    crew, slots, calls = a_crew(pool, clock)
    for slot in fill(slots, clock, 2_000):
        crew.begin([slot])
        assert calls.done.acquire(timeout=10), f"job {slot.claim.id} was left lying"
    pool.threads.shutdown()


def test_nothing_begins_once_it_is_closed() -> None:
    """What waits then, and what is claimed too late, is put back; a thread that is at work takes no more."""
    pool, clock = HandPool(), ManualClock()
    crew, slots, calls = a_crew(pool, clock)
    jobs = fill(slots, clock, 8)
    crew.begin(jobs[:5])
    crew.close()
    crew.begin(jobs[5:])
    pool.run()
    assert calls.ran == []
    assert outcomes(slots) == ["released"] * 8
