"""The dispatcher: one thread that claims jobs for free threads and has their outcomes written.

A turn is one short transaction of its writer: outcomes and progress are stored, and as many jobs claimed as
there are free threads. Throughput depends on how many jobs share a commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..engines.base import Engine, OnEnd
from ..errors import DatabaseUnavailable
from ..process.logs import get_logger
from ..process.loop import Loop
from ..run import Outcome, Run
from ..service.job_signals import JobSignals
from ..store.completion import Completed
from ..tasks.registry import Registry
from .end_log import log_ends
from .fetcher import Fetcher
from .prefetch import RELEASE_AFTER
from .registration import Registration
from .running import Reports, Running
from .writer import Writer

log = get_logger(__name__)
ACTIVE_POLL: Final = 0.015
IDLE_POLL: Final = 0.25
ACTIVE_FOR: Final = 5.0
"""Seconds after the last work of other processes in which it polls every ACTIVE_POLL seconds."""
REPORT_EVERY: Final = 0.25
"""Seconds between two writes of starts, progress and logs."""


class Dispatcher:
    """The worker of one app in one process, from `start` to `stop`; not used again afterwards."""

    def __init__(
        self, *, make_engine: Callable[[OnEnd], Engine], database: Database, registry: Registry,
        settings: Settings, clock: Clock, notifier: Notifier, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._settings, self._clock, self._notifier = settings, clock, notifier
        self._signals = signals
        self._loop = Loop("dispatcher", self.run_once)
        self._running = Running(settings.threads, clock, self._loop.wake)
        self._engine = make_engine(self._running.end)
        self._registration = Registration(
            engine=self._engine.name, database=database, registry=registry, settings=settings, clock=clock
        )
        self._fetcher = Fetcher(database, registry, settings, clock)
        self._writer = Writer(
            database=database, registry=registry, clock=clock, registration=self._registration,
            fetcher=self._fetcher, running=self._running, engine=self._engine,
            on_declared_dead=self.declared_dead, signals=signals,
            alerts=settings.alert_url is not None,
        )  # fmt: skip
        self._idle = threading.Event()
        self._last_report = clock.monotonic()

    @property
    def id(self) -> str:
        """The id of the worker's row; it changes when the worker was declared dead while it lived."""
        return self._registration.id

    def problem(self) -> str | None:
        """Why it claims nothing: its thread has ended, raises or hangs, or is not registered yet."""
        found = self._loop.problem(2 * self._settings.heartbeat_seconds)
        if self._engine.is_closed and not self.is_draining:
            found = found or "its engine is closed"
        return found or (None if self.is_registered else "not registered yet")

    @property
    def is_draining(self) -> bool:
        """Whether it claims nothing more."""
        return self._writer.is_draining

    @property
    def is_registered(self) -> bool:
        """Whether the worker's row is stored; without it it claims nothing."""
        return self._registration.is_stored

    @property
    def load(self) -> int:
        """The number of its runs, those included whose outcome is not stored yet."""
        return len(self._running)

    @property
    def thread(self) -> int | None:
        """The id of its thread; None before its start."""
        return self._loop.thread

    def unended(self) -> list[Run]:
        """This worker's runs that have not ended. From any thread."""
        return self._running.unended()

    def stuck(self) -> list[Run]:
        """Those that were ended while their threads go on. From any thread."""
        return self._running.stuck.runs

    @property
    def unreplaced_threads(self) -> int:
        """How many threads it has less than it should, because of too many that are stuck."""
        return self._running.stuck.unreplaced

    def end_stuck(self, run: Run, outcome: Outcome, overrun: str | None) -> bool:
        """End a run whose thread goes on, and have another thread in its place. From any thread.

        `overrun` says how far it went. False where it has ended meanwhile.
        """
        if not self._engine.replace_thread(run):
            return False
        run.overrun = overrun
        self._running.end(run, outcome)
        return True

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def wake(self) -> None:
        """There may be work."""
        self._fetcher.notify()
        self._loop.wake()

    def request_cancel(self, job_id: str) -> None:
        """Forward a cancel request to the job's task, if it runs here."""
        self._cancel(self._running.runs_of(job_id))

    def declared_dead(self, worker_id: str) -> None:
        """This worker's row was removed: its runs are fenced off, and it goes on under a new id."""
        if worker_id != self.id:
            return  # handled already: both the ticker and the dispatcher notice it
        log.warning("worker %s was declared dead while it lived; it goes on under a new id", self.id)
        self._cancel(self._running.unended())
        self._registration.renew()
        self._loop.wake()

    def drain(self, grace: float, abort_requested: Callable[[], bool]) -> bool:
        """Stop claiming, tell the tasks, and wait for them `grace` seconds or until `abort_requested`.

        Whether all of them ended.
        """
        self._writer.is_draining = True
        for run in self._running.unended():
            run.stop_requested = True
        self._fetcher.notify()
        self._loop.wake()
        deadline = self._clock.monotonic() + grace
        while not abort_requested() and (left := deadline - self._clock.monotonic()) > 0:
            if self._idle.wait(min(left, 0.05)):
                break
        return self._idle.is_set()

    def stop(self, timeout: float = 1.0) -> bool:
        """Release what still runs, without spending an attempt. Whether no thread is in a task any more."""
        self._writer.is_draining = True
        # The loop before the engine: a turn could claim for an engine that is closed.
        self._loop.stop(timeout)
        self._engine.close()
        try:
            ended = self._writer.close(timeout)
            self._notifier.notify([run.job_id for run in ended])
        except DatabaseUnavailable as error:
            log.error("%d running jobs are left to be rescued: %s", len(self._running), error)
        return not self._running.unended() and not self._running.stuck.runs

    @retry_conflicts
    def run_once(self) -> float:
        """One turn; returns the seconds until the next one. Raises DatabaseUnavailable."""
        try:
            self._run_turn()
        except BaseException:
            self._fetcher.notify()  # the change that this turn has seen is not reported again
            self._writer.has_unknown_runs = True  # of a backup that was restored meanwhile, say
            raise
        return self._seconds_to_next_turn()

    def _run_turn(self) -> None:
        if self._writer.register():
            self._fetcher.notify()
        self._engine.release_unstarted(0.0 if self.is_draining else RELEASE_AFTER)
        ended = self._running.collect()
        reports = self._due_reports()
        has_work = self._fetcher.poll(self._running, self.request_cancel, is_busy=bool(ended))
        if ended or any(reports) or has_work or self._writer.is_behind:
            self._write(ended, reports)
        if self.is_draining and not len(self._running):
            self._idle.set()

    def _due_reports(self) -> Reports:
        moment = self._clock.monotonic()
        if not len(self._running) or moment - self._last_report < REPORT_EVERY:
            return [], [], []
        self._last_report = moment
        return self._running.reports()

    def _write(self, ended: Sequence[Run], reports: Reports) -> None:
        completed, claimed = self._writer.write(ended, reports)
        if claimed:
            self._start(claimed)
        self._announce(ended, completed, claimed)

    def _start(self, claimed: Sequence[Run]) -> None:
        try:
            self._engine.start(claimed)
        except BaseException:
            released = Outcome("released", reason="the engine could not take it")
            for run in claimed:
                self._running.end(run, released)
            raise

    def _announce(self, ended: Sequence[Run], completed: Completed, claimed: Sequence[Run]) -> None:
        log_ends(ended, completed)
        for run in ended:
            if run.key not in completed:  # its token no longer fits: the job was rescued meanwhile
                log.warning("job %s: the late outcome of run %d was refused", run.job_id, run.number)
        if ended or claimed:
            self._notifier.notify(run.job_id for run in chain(ended, claimed))
        self._signals.ended(ended, completed)

    def _cancel(self, unended: Sequence[Run]) -> None:
        now = self._clock.monotonic()
        for run in unended:
            run.cancel_requested_at = now if run.cancel_requested_at is None else run.cancel_requested_at
            self._engine.cancel(run)

    def _seconds_to_next_turn(self) -> float:
        is_active = self._clock.monotonic() - self._fetcher.found_by_poll_at < ACTIVE_FOR
        poll = ACTIVE_POLL if is_active else IDLE_POLL
        return self._fetcher.seconds_until_due(poll) if self._running.free > 0 else poll
