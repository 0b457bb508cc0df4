"""The jobs that a worker has in hand, and the inbox of what their threads report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from ..clock import Clock
from ..execution.current_job import Run
from ..outcomes import Outcome
from ..store.claims import Claim
from ..store.completion import Ended, ProgressSaid
from .prefetch import AHEAD, SHORT, Pace


@dataclass(slots=True, eq=False)
class Slot:
    """A claimed job in this process. `said` is progress that is not yet stored; `is_over`: it has ended."""

    claim: Claim
    run: Run
    noted: bool = False
    said: ProgressSaid | None = None
    is_over: bool = False


class Slots:
    """Filled and read by the dispatcher alone; only `end` is called by the pool's threads."""

    def __init__(self, size: int, clock: Clock, on_end: Callable[[], None]) -> None:
        self.pace = Pace()
        self._size = size
        self._clock, self._on_end = clock, on_end
        self._taken: dict[tuple[str, int], Slot] = {}  # by job and run: one that was lost may come back
        self._suspects: list[Slot] = []
        self._inbox: deque[tuple[Slot, Ended]] = deque()
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
        """How many jobs can be taken at the most: more than there are threads where all are short."""
        if self._is_alone():
            return 0
        return max(0, self._size * (1 + self._ahead()) - self._in_hand())

    def fitting(self, rows: Sequence[Any]) -> list[Any]:
        """Those at the head of `rows` that may be taken: one for each free thread, and short ones ahead."""
        first = self._in_hand()
        fits = takewhile(
            lambda at: first + at < self._size * (1 + self.pace.ahead(rows[at].task)), range(len(rows))
        )
        return [rows[at] for at in fits]

    def fill(self, claim: Claim) -> Slot:
        """Take a claimed job in hand."""
        run = Run(
            id=claim.id, task=claim.task, args=claim.args, attempt=claim.attempt, queue=claim.queue,
            clock=self._clock, timeout=claim.timeout,
        )  # fmt: skip
        slot = self._taken[_key(claim)] = Slot(claim, run)
        if claim.is_suspect:
            self._suspects.append(slot)
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
        end = Ended(slot.claim, outcome, slot.run.started_at, self._clock.now(), said)
        self._inbox.append((slot, end))
        self._on_end()

    def collect(self) -> list[Ended]:
        """All outcomes that are not yet stored."""
        for _ in range(len(self._inbox)):
            slot, end = self._inbox.popleft()
            slot.is_over = True
            self._unsaved.append(end)
            if end.started_at is not None:
                self.pace.note(end.claim.task, (end.finished_at - end.started_at).total_seconds())
        self._suspects = [slot for slot in self._suspects if not slot.is_over]
        return list(self._unsaved)

    def saved(self, ended: Collection[Ended]) -> None:
        """The outcomes are stored: their slots are free."""
        for end in ended:
            self._taken.pop(_key(end.claim), None)
        self._unsaved = []

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
        return [slot for slot in list(self._taken.values()) if not slot.is_over]

    def _in_hand(self) -> int:
        return len(self._taken) - len(self._unsaved)

    def _is_alone(self) -> bool:
        return bool(self._suspects)

    def _ahead(self) -> int:
        """How many jobs each thread may have waiting behind those in hand; none where one is long."""
        slots, long_ago = self.unfinished(), self._clock.now() - timedelta(seconds=SHORT)
        if any(slot.run.started_at is not None and slot.run.started_at <= long_ago for slot in slots):
            return 0
        return min((self.pace.ahead(task) for task in {slot.claim.task for slot in slots}), default=AHEAD)


def _key(claim: Claim) -> tuple[str, int]:
    return claim.id, claim.run
