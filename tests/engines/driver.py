"""An app on one engine, driven in the same words whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.job import Job

ENGINES = ("thread", "bare", "inline", "manual")
THREADED = ("thread", "bare")
LONGEST_STEP = 3_600.0


@dataclass
class EngineDriver:
    """An app whose context is pushed, its Simmer, and the engine's name."""

    app: Flask
    jobs: Simmer
    engine: str

    @property
    def db(self) -> Any:
        """The host's Flask-SQLAlchemy."""
        return self.app.extensions["sqlalchemy"]

    def run(self, name: str, args: dict[str, Any] | None = None, **options: Any) -> Job:
        """Submit a job and see it through to its final state."""
        return self.finish(self.jobs.submit(name, args, **options))

    def finish(self, job: Job) -> Job:
        """The job at its final state; the manual engine's clock is moved as far as that takes."""
        if self.engine in THREADED:
            job = self.jobs.wait(job.id, 10)
        else:
            self._drain_until_final(job)
            job = self.jobs.get(job.id)
        assert job.is_final, f"{job.id} is still {job.state}"
        return job

    def settle(self) -> None:
        """Let the engine do all that is due now."""
        if self.engine == "manual":
            self.jobs.testing.drain()

    def outcomes(self, job: Job) -> list[tuple[int, int, str | None]]:
        """(run, attempt, outcome) of each claim of the job."""
        return [(a["run"], a["attempt"], a["outcome"]) for a in self.jobs.runtime.jobs.attempts(job.id)]

    def events(self, job: Job) -> list[str]:
        """The types of the job's events, oldest first."""
        return [event["type"] for event in self.jobs.runtime.jobs.events(job.id)]

    def _drain_until_final(self, job: Job) -> None:
        clock = self.jobs.runtime.clock
        for _ in range(50):
            self.settle()
            if self.jobs.get(job.id).is_final:
                return
            if isinstance(clock, ManualClock):
                clock.advance(LONGEST_STEP)
