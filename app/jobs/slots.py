"""The jobs that a worker has in hand, and the inbox of what their threads report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .clock import Clock
from .context import Run
from .encoding import loads
from .outcomes import Outcome
from .pace import AHEAD, SHORT, Pace
from .store.claims import Claim
from .store.endings import Ended, ProgressSaid

PATIENCE: Final = timedelta(seconds=0.2)
"""A job that was claimed ahead and has not begun after this is put back: it sits behind a long one."""


@dataclass(slots=True, eq=False)
class Slot:
    """A claimed job in this process; `said` is progress that is not yet stored."""

    claim: Claim
    run: Run
    noted: bool = False
    said: ProgressSaid | None = None
    _ticket: list[None] = field(default_factory=lambda: [None])

    def take(self) -> bool:
        """Win the job, to run it or to put it back: whoever calls first."""
        try:
            self._ticket.pop()
        except IndexError:
            return False
        return True


class Slots:
    """Filled and read by the dispatcher alone; only `end` is called by the pool's threads."""

    def __init__(self, size: int, clock: Clock, on_end: Callable[[], None]) -> None:
        self.pace = Pace()
        self._size = size
        self._clock, self._on_end = clock, on_end
        self._taken: dict[tuple[str, int], Slot] = {}  # by job and run: one that was lost may come back
        self._inbox: deque[Ended] = deque()
        self._unsaved: list[Ended] = []

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def ids(self) -> list[str]:
        """The ids of the jobs in hand."""
        return [slot.claim.id for slot in list(self._taken.values())]

    @property
    def are_idle(self) -> bool:
        """Whether no task runs."""
        return len(self._taken) == len(self._unsaved)

    @property
    def free(self) -> int:
        """How many threads have nothing to do; none beside a suspect."""
        return 0 if self._is_alone() else max(0, self._size - self._in_hand())

    @property
    def room(self) -> int:
        """How many jobs of short tasks can be taken: more than there are threads where all are short."""
        if self._is_alone() or not self._all_short():
            return self.free
        return max(0, self._size * (1 + AHEAD) - self._in_hand())

    def fill(self, claim: Claim) -> Slot:
        """Take a claimed job in hand."""
        run = Run(
            id=claim.id, task=claim.task, args=loads(claim.args), attempt=claim.attempt, queue=claim.queue,
            clock=self._clock, timeout=claim.timeout,
        )  # fmt: skip
        slot = self._taken[_key(claim)] = Slot(claim, run)
        return slot

    def of(self, job_id: str) -> list[Slot]:
        """The runs of that job: one, unless an earlier one was fenced off and goes on."""
        return [slot for slot in list(self._taken.values()) if slot.claim.id == job_id]

    def has(self, job_id: str, run: int) -> bool:
        """Whether that run is in hand."""
        return (job_id, run) in self._taken

    def end(self, slot: Slot, outcome: Outcome) -> None:
        """A run is over; from any thread."""
        said = slot.run.take_progress() or slot.said
        self._inbox.append(Ended(slot.claim, outcome, slot.run.started_at, self._clock.now(), said))
        self._on_end()

    def collect(self) -> list[Ended]:
        """All outcomes that are not yet stored."""
        for _ in range(len(self._inbox)):
            end = self._inbox.popleft()
            self._unsaved.append(end)
            if end.started_at is not None:
                self.pace.note(end.claim.task, (end.finished_at - end.started_at).total_seconds())
        return list(self._unsaved)

    def saved(self, ended: Collection[Ended]) -> None:
        """The outcomes are stored: their slots are free."""
        for end in ended:
            self._taken.pop(_key(end.claim), None)
        self._unsaved = []

    def put_back_the_waiting(self, all_of_them: bool = False) -> None:
        """Release what was claimed ahead and sits behind long jobs, or all that has not begun."""
        patient_until = self._clock.now() - PATIENCE
        for slot in self.unfinished():
            waits = slot.run.started_at is None and (all_of_them or slot.claim.claimed_at < patient_until)
            if waits and slot.take():
                self.end(slot, Outcome("released", reason="it had not begun"))

    def begun(self) -> list[tuple[Claim, datetime]]:
        """The tasks whose beginning is not yet stored."""
        return [(s.claim, s.run.started_at) for s in self.unfinished() if not s.noted and s.run.started_at]

    def said(self) -> list[tuple[Claim, ProgressSaid]]:
        """The progress that is not yet stored."""
        for slot in self.unfinished():
            slot.said = slot.run.take_progress() or slot.said
        return [(slot.claim, slot.said) for slot in self.unfinished() if slot.said is not None]

    def reported(
        self, begun: Collection[tuple[Claim, datetime]], said: Collection[tuple[Claim, ProgressSaid]]
    ) -> None:
        """These beginnings and this progress are stored."""
        for claim, _ in begun:
            self._taken[_key(claim)].noted = True
        for claim, _ in said:
            self._taken[_key(claim)].said = None

    def unfinished(self) -> list[Slot]:
        """The jobs whose tasks have not ended, as far as is known."""
        over = {_key(end.claim) for end in self._unsaved}
        return [slot for key, slot in list(self._taken.items()) if key not in over]

    def _in_hand(self) -> int:
        return len(self._taken) - len(self._unsaved)

    def _is_alone(self) -> bool:
        return any(slot.claim.is_suspect for slot in self.unfinished())

    def _all_short(self) -> bool:
        """Whether nothing in hand is known, or turns out, to be long."""
        long_ago = self._clock.now() - timedelta(seconds=SHORT)
        return all(
            self.pace.is_short(slot.claim.task)
            and (slot.run.started_at is None or slot.run.started_at > long_ago)
            for slot in self.unfinished()
        )


def _key(claim: Claim) -> tuple[str, int]:
    return claim.id, claim.run
