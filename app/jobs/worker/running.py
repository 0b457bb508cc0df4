"""The runs that a worker has in hand, and the inbox of those that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from ..clock import Clock
from ..outcomes import Outcome
from ..run import ProgressReport, Run
from ..store.claims import SUSPECT_AFTER
from .prefetch import AHEAD, SHORT, Prefetch

Reports = tuple[Sequence[Run], Sequence[tuple[Run, ProgressReport]]]
"""Runs whose start is not yet stored, and progress that is not."""


class Running:
    """Filled and read by the dispatcher alone; only `end` is called by an engine's threads."""

    def __init__(self, threads: int, clock: Clock, on_end: Callable[[], None]) -> None:
        self.prefetch = Prefetch()
        self._threads, self._clock, self._on_end = threads, clock, on_end
        self._runs: dict[tuple[str, int], Run] = {}
        self._suspects: list[Run] = []
        self._inbox: deque[tuple[Run, Outcome, datetime]] = deque()
        self._unsaved: list[Run] = []

    def __len__(self) -> int:
        return len(self._runs)  # what is in the inbox is still among them

    def __contains__(self, key: object) -> bool:
        return key in self._runs

    @property
    def job_ids(self) -> list[str]:
        """The ids of the jobs in hand."""
        return [run.job_id for run in self._runs.values()]

    @property
    def are_idle(self) -> bool:
        """Whether no task runs."""
        return len(self._runs) == len(self._unsaved)

    @property
    def free(self) -> int:
        """How many threads have nothing to do; none beside a suspect."""
        return 0 if self._suspects else max(0, self._threads - self._unended())

    @property
    def room(self) -> int:
        """How many jobs can be claimed at the most: more than there are threads where all are short."""
        if self._suspects:
            return 0
        return max(0, self._threads * (1 + self._ahead()) - self._unended())

    def fitting(self, rows: Sequence[Any]) -> list[Any]:
        """Those at the head of `rows` that may be claimed: one for each free thread, and short ones ahead."""
        first = self._unended()
        fits = takewhile(
            lambda at: first + at < self._threads * (1 + self.prefetch.ahead(rows[at].task)), range(len(rows))
        )
        return [rows[at] for at in fits]

    def add(self, run: Run) -> None:
        """Take a claimed run in hand."""
        self._runs[run.key] = run
        if run.crashes >= SUSPECT_AFTER:
            self._suspects.append(run)

    def of(self, job_id: str) -> list[Run]:
        """The runs of that job: one, unless an earlier one was fenced off and goes on. From any thread."""
        return [run for run in list(self._runs.values()) if run.job_id == job_id]

    def end(self, run: Run, outcome: Outcome) -> None:
        """A run is over; from any thread."""
        self._inbox.append((run, outcome, self._clock.now()))
        self._on_end()

    def collect(self) -> list[Run]:
        """All runs that ended and are not yet stored as such."""
        for _ in range(len(self._inbox)):
            run, outcome, finished_at = self._inbox.popleft()
            run.outcome, run.finished_at = outcome, finished_at
            self._unsaved.append(run)
            if run.started_at is not None:
                self.prefetch.record(run.task, (finished_at - run.started_at).total_seconds())
        if self._suspects:
            self._suspects = [run for run in self._suspects if run.outcome is None]
        return list(self._unsaved)

    def remove(self, ended: Collection[Run]) -> None:
        """Their outcomes are stored: their threads are free."""
        for run in ended:
            self._runs.pop(run.key, None)
        self._unsaved = []

    def reports(self) -> Reports:
        """What the running tasks have reported and is not yet stored."""
        active = self.unended()
        started = [run for run in active if run.started_at is not None and not run.start_recorded]
        return started, [(run, report) for run in active if (report := run.unrecorded_progress())]

    def mark_recorded(self, reports: Reports) -> None:
        """They are stored."""
        started, progress = reports
        for run in started:
            run.start_recorded = True
        for run, report in progress:
            run.progress_recorded = report

    def unended(self) -> list[Run]:
        """The runs whose tasks have not ended, as far as is known. From any thread."""
        return [run for run in list(self._runs.values()) if run.outcome is None]

    def _unended(self) -> int:
        return len(self._runs) - len(self._unsaved)

    def _ahead(self) -> int:
        """How many jobs each thread may have waiting behind those in hand; none where one is long."""
        runs, long_ago = self.unended(), self._clock.now() - timedelta(seconds=SHORT)
        if any(run.started_at is not None and run.started_at <= long_ago for run in runs):
            return 0
        return min((self.prefetch.ahead(task) for task in {run.task for run in runs}), default=AHEAD)
