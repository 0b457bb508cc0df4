"""A worker that is driven turn by turn, with no thread and no clock of its own: any order can be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.engines.base import Engine, OnEnd
from app.jobs.engines.thread import ThreadEngine
from app.jobs.job import Job
from app.jobs.process.loop import Guard
from app.jobs.runtime import Runtime
from app.jobs.ticker.rescuer import Rescuer
from app.jobs.worker.dispatcher import Dispatcher


@dataclass
class ManualPool:
    """Calls what it was given when it is told to, in the calling thread."""

    waiting: list[Callable[[], None]] = field(default_factory=list)

    def submit(self, function: Callable[[], None]) -> None:
        """Keep it."""
        self.waiting.append(function)

    def run(self, most: int = 1_000) -> None:
        """Call the oldest of what is kept."""
        for _ in range(most):
            try:
                function = self.waiting.pop(0)
            except IndexError:
                return
            function()

    def shutdown(self, *, wait: bool) -> None:
        """As a pool that goes on with what it has queued."""


class ManualWorker:
    """One process's dispatcher and rescuer, on the database and clock of an app with the manual engine."""

    def __init__(self, jobs: Simmer, threads: int = 2, **settings: Any) -> None:
        runtime: Runtime = jobs.runtime
        assert isinstance(runtime.clock, ManualClock)
        self.jobs, self.clock, self.database, self.pool = jobs, runtime.clock, runtime.database, ManualPool()
        self.settings = replace(runtime.settings, threads=threads, **settings)
        self.dispatcher = Dispatcher(
            make_engine=self._engine, database=self.database, registry=runtime.registry,
            settings=self.settings, clock=self.clock, notifier=runtime.notifier,
            signals=runtime.signals,
        )  # fmt: skip
        rescuer = Rescuer(
            self.dispatcher, self.database, self.settings, self.clock, runtime.notifier, runtime.signals
        )
        self.dispatch = Guard("dispatcher", self.dispatcher.run_once).call
        self._rescue = Guard("rescuer", rescuer.run_once).call

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, then let the dispatcher do what it has to, and survive it."""
        self.clock.advance(seconds)
        self.dispatcher.wake()
        self.dispatch()

    def rescue(self, seconds: float = 1.0) -> None:
        """Let time pass, then let the rescuer beat, declare dead and rescue."""
        self.clock.advance(seconds)
        self._rescue()

    def work(self, seconds: float = 0.0) -> None:
        """Claim, run and complete what is due; what is claimed runs at once, as where threads are free."""
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

    def _engine(self, on_end: OnEnd) -> Engine:
        run, size = self.jobs.runtime.runner.run, self.settings.threads
        return ThreadEngine(self.pool, size, run=run, on_end=on_end, clock=self.clock)


def make_manual_app(make_app: Callable[..., Flask], jobs: Simmer, **config: Any) -> Flask:
    """An app on whose database manual workers can work."""
    return make_app(jobs, JOBS_ENGINE="manual", JOBS_API_PREFIX=None, **config)
