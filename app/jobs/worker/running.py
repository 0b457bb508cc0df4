"""The runs of a worker from claim to stored outcome, and the inbox of those that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from ..clock import Clock
from ..run import Outcome, ProgressReport, Run
from ..store.claims import SUSPECT_AFTER
from ..store.logs import Logged
from .prefetch import SHORT_TASK_SECONDS, Prefetch
from .stuck_threads import StuckThreads

Reports = tuple[Sequence[Run], Sequence[tuple[Run, ProgressReport]], Logged]
"""Runs whose start is not stored yet, and progress and lines of logs that are not."""


class Running:
    """Used by the dispatcher's thread; `end` is called by an engine's threads."""

    # No lock: each operation on the deque and the dict is atomic, and only one thread writes to the dict.

    def __init__(self, threads: int, clock: Clock, on_end: Callable[[], None]) -> None:
        self.prefetch, self.stuck = Prefetch(), StuckThreads(threads)
        self._threads, self._clock, self._on_end = threads, clock, on_end
        self._runs: dict[tuple[str, int], Run] = {}
        self._suspects: list[Run] = []
        self._inbox: deque[tuple[Run, Outcome, datetime]] = deque()
        self._unrecorded: list[Run] = []

    def __len__(self) -> int:
        return len(self._runs)  # what is in the inbox is still among them

    def __contains__(self, key: object) -> bool:
        return key in self._runs

    @property
    def job_ids(self) -> list[str]:
        """The ids of the jobs."""
        return [run.job_id for run in self._runs.values()]

    @property
    def is_idle(self) -> bool:
        """Whether no task runs."""
        return len(self._runs) == len(self._unrecorded)

    @property
    def free(self) -> int:
        """The number of idle threads; 0 beside a suspect, which runs alone."""
        return 0 if self._suspects else max(0, self._usable_threads() - self._unended())

    @property
    def room(self) -> int:
        """How many jobs may be claimed, at most: more than there are idle threads if all are short."""
        if self._suspects:
            return 0
        return max(0, self._usable_threads() * (1 + self._prefetch_count()) - self._unended())

    def claimable(self, rows: Sequence[Any], is_limited: Callable[[Any], bool]) -> list[Any]:
        """The first of `rows`: one for each idle thread, and prefetched ones of short tasks."""
        unended, threads, count = self._unended(), self._usable_threads(), self.prefetch.prefetch_count

        # Up to the first that does not fit: jobs behind it must not overtake it. A rerun may be what took its
        # last process down unseen, and what is at most once must not be: both begin with their claim. What is
        # limited would wait for a thread in the place of a job that has one elsewhere.
        def fits(at: int) -> bool:
            row = rows[at]
            if unended + at < threads:
                return True
            if row.rerun or row.on_interrupt == "fail" or is_limited(row):
                return False
            return unended + at < threads * (1 + count(row.task))

        return [rows[at] for at in takewhile(fits, range(len(rows)))]

    def add(self, run: Run) -> None:
        """Add a claimed run."""
        self._runs[run.key] = run
        if run.crashes >= SUSPECT_AFTER:
            self._suspects.append(run)

    def runs_of(self, job_id: str) -> list[Run]:
        """The runs of a job: one, unless an earlier one was fenced off and still runs. From any thread."""
        return [run for run in list(self._runs.values()) if run.job_id == job_id]

    def end(self, run: Run, outcome: Outcome) -> None:
        """Put the end of a run into the inbox; its first one counts. From any thread."""
        # The time is taken here: until the dispatcher collects it a commit may pass.
        self._inbox.append((run, outcome, self._clock.now()))
        self._on_end()

    def collect(self) -> list[Run]:
        """The runs that ended and whose outcome is not stored yet."""
        # Again those of a turn that failed: they stay until `remove`, which follows the commit.
        for _ in range(len(self._inbox)):
            run, outcome, finished_at = self._inbox.popleft()
            if run.outcome is not None:
                self.stuck.end(run, outcome)
                continue
            run.outcome, run.finished_at = outcome, finished_at
            self._unrecorded.append(run)
            if outcome.stuck:
                self.stuck.add(run)
            elif run.started_at is not None:
                self.prefetch.record(run.task, (finished_at - run.started_at).total_seconds())
        if self._suspects:
            self._suspects = [run for run in self._suspects if run.outcome is None]
        return list(self._unrecorded)

    def remove(self, ended: Collection[Run]) -> None:
        """Forget runs whose outcomes are stored."""
        for run in ended:
            self._runs.pop(run.key, None)
        self._unrecorded = []

    def reports(self) -> Reports:
        """Starts, progress and lines of logs that are not stored yet."""
        active = self.unended()
        started = [run for run in active if run.started_at is not None and not run.start_recorded]
        progress = [(run, report) for run in active if (report := run.unrecorded_progress())]
        return started, progress, [(run, batch) for run in active if (batch := run.unrecorded_log())]

    def mark_recorded(self, reports: Reports) -> None:
        """Mark `reports` as stored."""
        started, progress, logged = reports
        for run in started:
            run.start_recorded = True
        for run, report in progress:
            run.progress_recorded = report
        for run, batch in logged:
            if run.log is not None:
                run.log.mark_recorded(batch)

    def unended(self) -> list[Run]:
        """The runs without a collected outcome. From any thread."""
        return [run for run in list(self._runs.values()) if run.outcome is None]

    def _usable_threads(self) -> int:
        return self._threads - self.stuck.unreplaced

    def _unended(self) -> int:
        return len(self._runs) - len(self._unrecorded)

    def _prefetch_count(self) -> int:
        """How many jobs to prefetch for each thread, by what it runs now."""
        # None behind a task that has taken long already, whatever its average says.
        runs, long_ago = self.unended(), self._clock.now() - timedelta(seconds=SHORT_TASK_SECONDS)
        if any(run.started_at is not None and run.started_at <= long_ago for run in runs):
            return 0
        if not runs:  # more than `claimable` would take of any task are not worth reading
            return self.prefetch.largest_count()
        return min(self.prefetch.prefetch_count(task) for task in {run.task for run in runs})
