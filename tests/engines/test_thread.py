"""The crew works off what is in its line, with no job left lying and none begun after its end."""

from __future__ import annotations

from collections.abc import Callable

from app.jobs.clock import Clock, ManualClock
from app.jobs.engines.crew import Crew
from app.jobs.execution.current_job import Run
from app.jobs.outcomes import Outcome
from app.jobs.store.claims import Claim
from app.jobs.worker.running import Slot, Slots

from ..reliability.manual_worker import HandPool


class Calls:
    """A runner that notes which jobs it was given."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, claim: Claim, run: Run) -> Outcome:
        """Note it."""
        self.ran.append(claim.id)
        return Outcome("succeeded")


class Interruption:
    """A lock at which something else comes first, once."""

    def __init__(self, first: Callable[[], None]) -> None:
        self._first = [first]

    def __enter__(self) -> None:
        if self._first:
            self._first.pop()()

    def __exit__(self, *error: object) -> None:
        pass


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
    """A job is added after the last look at the line, and counts on the thread that has not left yet."""
    pool, clock = HandPool(), ManualClock()
    crew, slots, calls = a_crew(pool, clock, size=1)
    first, second = fill(slots, clock, 2)
    crew.begin([first])
    crew._lock = Interruption(lambda: crew.begin([second]))  # type: ignore[assignment]
    pool.run()
    assert calls.ran == ["0", "1"]


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
