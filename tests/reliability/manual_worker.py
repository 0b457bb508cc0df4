"""A worker turned by hand: no thread and no clock of its own, so that every order of things can be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.job import Job
from app.jobs.process.loop import Guard
from app.jobs.runtime import Runtime
from app.jobs.ticker.rescuer import Rescuer
from app.jobs.worker.dispatcher import Worker


@dataclass
class HandPool:
    """Runs what it was given when it is told to, in the calling thread."""

    name: str = "thread"
    waiting: list[tuple[Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)

    def submit(self, function: Callable[..., None], *args: Any) -> None:
        """Keep it."""
        self.waiting.append((function, args))

    def run(self, most: int = 1_000) -> None:
        """Run the oldest of what is kept."""
        for _ in range(most):
            try:
                function, args = self.waiting.pop(0)
            except IndexError:
                return
            function(*args)

    def close(self) -> None:
        """As a pool does that goes on with what it has queued."""


class Hand:
    """One process's worker and lifeline, on the database and clock of an app with the manual engine."""

    def __init__(self, jobs: Simmer, threads: int = 2, **settings: Any) -> None:
        runtime: Runtime = jobs.runtime
        assert isinstance(runtime.clock, ManualClock)
        self.jobs, self.clock, self.database, self.pool = jobs, runtime.clock, runtime.database, HandPool()
        self.settings = replace(runtime.settings, threads=threads, **settings)
        self.worker = Worker(
            pool=self.pool, runner=runtime.runner, database=self.database, registry=runtime.registry,
            settings=self.settings, clock=self.clock, notifier=runtime.notifier,
        )  # fmt: skip
        self.lifeline = Rescuer(self.worker, self.database, self.settings, self.clock, runtime.notifier)
        self._turn = Guard("dispatcher", self.worker._turn)
        self._look = Guard("lifeline", self.lifeline.run_once)

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, then let the dispatcher do what it has to, and survive it."""
        self.clock.advance(seconds)
        self.worker.wake()
        self._turn.call()

    def look(self, seconds: float = 1.0) -> None:
        """Let time pass, then let the lifeline beat, bury and rescue."""
        self.clock.advance(seconds)
        self._look.call()

    def work(self, seconds: float = 0.0) -> None:
        """Claim, run and settle what is due; what is claimed runs at once, as in a pool with free threads."""
        self.turn(seconds)
        self.pool.run()
        self.turn()
        self.pool.run()

    def states(self, jobs: list[Job]) -> list[str]:
        """The states of the jobs now."""
        return [self.jobs.get(job.id).state for job in jobs]

    def outcomes(self, job: Job) -> list[str | None]:
        """How each run of the job ended."""
        return [attempt["outcome"] for attempt in self.jobs.runtime.jobs.attempts(job.id)]


def an_app(make_app: Callable[..., Flask], jobs: Simmer, **config: Any) -> Flask:
    """An app on whose database hands can work."""
    return make_app(jobs, JOBS_ENGINE="manual", JOBS_API_PREFIX=None, **config)
