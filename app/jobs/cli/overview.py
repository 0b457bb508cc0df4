"""What `flask jobs top` shows: the service at one moment, as JSON and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..job import Job
from ..serialization.presenter import present_in_list
from ..states import FAILED, QUEUED, RUNNING
from ..store.job_filters import JobFilters
from ..values import Queue, Worker
from .group import Runtime
from .output import fit, table_lines
from .progress import bar_of

MOST_ROWS: Final = 100
"""Of a table that is read."""
BAR_WIDTH: Final = 20
_DONE: Final = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Overview:
    """The service at the moment `at`; `done` counts the jobs that have ended since ever."""

    at: datetime
    stats: dict[str, Any]
    queues: Sequence[Queue]
    running: Sequence[Job]
    failed: Sequence[Job]
    workers: Sequence[Worker]

    @classmethod
    def read(cls, runtime: Runtime) -> Overview:
        """As it is now. Raises DatabaseUnavailable."""
        jobs = runtime.jobs
        return cls(
            at=runtime.clock.now(),
            stats=runtime.status.stats(),
            queues=runtime.queues.all(),
            running=jobs.page(JobFilters(states=(RUNNING,)), MOST_ROWS),
            failed=jobs.page(JobFilters(states=(FAILED,)), MOST_ROWS),
            workers=runtime.status.workers(),
        )

    def as_json(self, redact: Any) -> dict[str, Any]:
        """As JSON, in the words of the API."""
        return {
            "stats": self.stats,
            "queues": [queue.as_dict() for queue in self.queues],
            "running": [present_in_list(job, redact) for job in self.running],
            "failed": [present_in_list(job, redact) for job in self.failed],
            "workers": [worker.as_dict() for worker in self.workers],
        }

    def rates(self, before: Overview) -> str:
        """How many jobs ended in each second since `before`."""
        seconds = (self.at - before.at).total_seconds()
        if seconds <= 0:
            return ""
        ended = {name: self._total(name) - before._total(name) for name in _DONE}
        words = (
            f"{count / seconds:.1f} {name}" for name, count in ended.items() if count or name == _DONE[0]
        )
        return f"{', '.join(words)} in a second"

    def _total(self, outcome: str) -> int:
        return sum(task["outcomes"][outcome] for task in self.stats["tasks"])

    def lines(self, width: int | None = None, height: int | None = None, rates: str = "") -> list[str]:
        """The text, cut to the size of the screen, None: as wide or high as it is."""
        sections = [self._queues(), self._workers(), self._failed(), self._running()]
        left = None if height is None else height - 2
        for at, section in enumerate(sections):
            if left is not None:
                share = max(0, left // (len(sections) - at) - 1)  # an empty line follows each
                sections[at] = _cut(section, share)
                left -= len(sections[at]) + 1
        queues, workers, failed, running = sections
        shown = [self._head(), *([rates] if rates else [])]
        for section in (queues, running, workers, failed):
            shown += ["", *section] if section else []
        return [fit(line, width) for line in shown[:height]]

    def _head(self) -> str:
        states = (
            f"{count['value']}{'+' * count['capped']} {state}"
            for state, count in self.stats["states"].items()
            if count["value"] or state in (QUEUED, RUNNING)
        )
        busy = sum(worker.busy for worker in self.workers)
        return f"{', '.join(states)}; {busy} of {self.stats['threads']} threads busy"

    def _queues(self) -> list[str]:
        rows = [
            (each.name, each.queued, each.running, each.workers, _seconds(each.oldest_seconds),
             "paused" if each.paused else "")
            for each in self.queues
        ]  # fmt: skip
        return _table(("QUEUE", "QUEUED", "RUNNING", "WORKERS", "OLDEST", ""), rows, self.at)

    def _running(self) -> list[str]:
        rows = [
            (job.id, job.task, _progress(job), job.started_at, job.progress.message) for job in self.running
        ]
        return _table(("RUNNING", "TASK", "PROGRESS", "STARTED", ""), rows, self.at)

    def _workers(self) -> list[str]:
        rows = [
            (f"{each.host}:{each.pid}", each.state, f"{each.busy}/{each.threads}",
             "all" if each.queues is None else each.queues, each.heartbeat_at,
             "fires schedules" if each.leader else "")
            for each in self.workers
        ]  # fmt: skip
        return _table(("WORKER", "STATE", "BUSY", "QUEUES", "HEARTBEAT", ""), rows, self.at)

    def _failed(self) -> list[str]:
        rows = [(job.id, job.task, job.finished_at, _error(job)) for job in self.failed]
        return _table(("FAILED", "TASK", "WHEN", "ERROR"), rows, self.at)


def _table(titles: Sequence[str], rows: Sequence[Sequence[Any]], now: datetime) -> list[str]:
    return table_lines(titles, rows, now) if rows else []


def _cut(section: list[str], most: int) -> list[str]:
    if len(section) <= most:
        return section
    return [*section[: most - 1], f"… {len(section) - most + 1} more"] if most > 1 else []


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.0f} s"


def _progress(job: Job) -> str:
    progress = job.progress
    if progress.percent is not None:
        return bar_of(progress.percent, BAR_WIDTH)
    return f"{progress.current:g}" if progress.current else "-"


def _error(job: Job) -> str:
    return " ".join(f"{job.error['type']}: {job.error['message']}".split()) if job.error else "-"
