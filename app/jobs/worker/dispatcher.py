"""The dispatcher: one thread that claims jobs for idle slots and is the only writer of their outcomes.

A turn is one short transaction: write the outcomes that came in and the progress that was said, and claim
as many jobs as there are idle slots. How many jobs share a commit is what the throughput depends on.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..engines import Pool
from ..engines.crew import Crew
from ..errors import DatabaseUnavailable
from ..execution.runner import Runner
from ..outcomes import Failure, Outcome
from ..process.identity import evidence_of_this_process
from ..process.loop import Loop
from ..store import claims, runs, workers
from ..store.claims import Claim
from ..store.completion import Ended, Settled
from ..tasks.registry import Registry
from .fetcher import Claimer
from .running import Slot, Slots

log = logging.getLogger(__name__)
ACTIVE_POLL: Final = 0.015
IDLE_POLL: Final = 0.25
ACTIVE_FOR: Final = 5.0
"""Seconds without work of other processes after which the poll slows down to four looks a second."""
REPORT_EVERY: Final = 0.25
"""Seconds between two writes of what the running tasks say of themselves."""


class Worker:
    """Runs the jobs of one app in one process, from `start` to `stop`; not used again afterwards."""

    def __init__(
        self, *, pool: Pool, runner: Runner, database: Database, registry: Registry, settings: Settings,
        clock: Clock, notifier: Notifier,
    ) -> None:  # fmt: skip
        self.id = str(uuid.uuid4())
        self.is_draining, self._engine = False, pool.name
        self._database, self._registry = database, registry
        self._settings, self._clock, self._notifier = settings, clock, notifier
        self._loop = Loop("dispatcher", self._turn)
        self._slots = Slots(settings.threads, clock, self._loop.wake)
        self._crew = Crew(settings.threads, pool=pool, runner=runner, slots=self._slots, clock=clock)
        self._claimer = Claimer(database, registry, settings, clock)
        self._writing = threading.Lock()
        self._idle = threading.Event()
        self._is_registered = False
        self._is_shown_draining = False
        self._has_strays = False
        self._last_report = clock.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether the dispatcher thread runs."""
        return self._loop.is_alive

    @property
    def is_registered(self) -> bool:
        """Whether the worker has its row, without which it claims nothing."""
        return self._is_registered

    def start(self) -> None:
        """Start the dispatcher."""
        self._loop.start()

    def wake(self) -> None:
        """There may be work."""
        self._claimer.expect()
        self._loop.wake()

    def ask_to_cancel(self, job_id: str) -> None:
        """Pass a cancel request on to the job's task, if it runs here."""
        for slot in self._slots.of(job_id):
            slot.run.ask_to_cancel()

    def lost_its_row(self, worker_id: str) -> None:
        """Somebody declared this worker dead: its runs are fenced off, and it goes on under a new id."""
        if worker_id != self.id:
            return  # known already: the ticker and the dispatcher may both find out
        log.warning("worker %s was declared dead while it lived; it goes on under a new id", self.id)
        for slot in self._slots.unfinished():
            slot.run.ask_to_cancel()
        self.id, self._is_registered = str(uuid.uuid4()), False
        self._loop.wake()

    def drain(self, grace: float, hurry: Callable[[], bool]) -> bool:
        """Claim no more, tell the tasks, and wait for them `grace` seconds or until `hurry` says so.

        Whether all of them ended.
        """
        self.is_draining = True
        for slot in self._slots.unfinished():
            slot.run.ask_to_stop()
        self._claimer.expect()
        self._loop.wake()
        deadline = self._clock.monotonic() + grace
        while not hurry() and (left := deadline - self._clock.monotonic()) > 0:
            if self._idle.wait(min(left, 0.05)):
                break
        return self._idle.is_set()

    def stop(self, timeout: float = 1.0) -> bool:
        """Put back what still runs, without spending an attempt, and leave. Whether no thread is stuck."""
        self.is_draining = True
        self._loop.stop(timeout)
        self._crew.close()
        try:
            if not self._writing.acquire(timeout=timeout):
                raise DatabaseUnavailable("the dispatcher still waits for the database")
            try:
                self._leave()
            finally:
                self._writing.release()
        except DatabaseUnavailable as error:
            log.error("%d jobs are left to be rescued: %s", len(self._slots), error)
        return not self._slots.unfinished()

    def _turn(self) -> float:
        try:
            self._do_what_is_to_be_done()
        except BaseException:
            self._claimer.expect()  # what had been seen of the database is still to be done
            raise
        return self._pause()

    def _do_what_is_to_be_done(self) -> None:
        if not self._is_registered and not self.is_draining:
            self._register()
        if self.is_draining and not self._is_shown_draining:
            self._show_draining()
        self._crew.put_back(all_of_them=self.is_draining)
        ended = self._slots.collect()
        begun, said = self._reports()
        wanted = self._claimer.look(self._slots, self.ask_to_cancel, is_busy=bool(ended))
        if ended or begun or said or wanted or self._has_strays:
            self._write(ended, begun, said)
        if self.is_draining and not len(self._slots):
            self._idle.set()

    def _register(self) -> None:
        new = workers.NewWorker(
            id=self.id, engine=self._engine, threads=self._settings.threads, queues=self._settings.queues,
            started_at=self._clock.now(), **evidence_of_this_process().as_dict(),
        )  # fmt: skip
        # A row that is there already is ours: the answer to an earlier commit was lost.
        with suppress(IntegrityError), self._database.write() as conn:
            workers.register(conn, new)
        self._is_registered = True
        self._claimer.expect()

    def _show_draining(self) -> None:
        with self._database.write() as conn:
            workers.drain(conn, self.id)
        self._is_shown_draining = True

    def _reports(self) -> tuple[list[Any], list[Any]]:
        """What the running tasks say of themselves, if it is time to write it."""
        moment = self._clock.monotonic()
        if not len(self._slots) or moment - self._last_report < REPORT_EVERY:
            return [], []
        self._last_report = moment
        return self._slots.begun(), self._slots.said()

    def _write(self, ended: list[Ended], begun: list[Any], said: list[Any]) -> None:
        # If the answer to a commit is lost, what it claimed is claimed by nobody that we know of.
        has_strays, self._has_strays = self._has_strays, True
        with self._writing:
            with self._database.act() as conn:
                runs.progress(conn, said)
                runs.begin(conn, begun)
                if has_strays:
                    runs.settle(conn, self._strays(conn))
                settled = runs.settle(conn, ended)
                claimed = self._claim(conn)
            self._has_strays = False
            self._slots.reported(begun, said)
            self._slots.saved(ended)
            slots = [self._slots.fill(claim) for claim in claimed]
        self._tell(ended, settled, claimed)
        if self.is_draining:
            for slot in slots:
                slot.run.ask_to_stop()
        self._crew.begin(slots)

    def _claim(self, conn: Any) -> list[Claim]:
        if self.is_draining or not self._is_registered:
            return []
        rows = self._claimer.choose(conn, self._slots)
        if not rows:
            return []
        now, me = self._clock.now(), self.id
        if not workers.beat(conn, me, now):
            self.lost_its_row(me)
            return []
        return claims.claim(conn, rows, me, self._engine, now)

    def _strays(self, conn: Any) -> list[Ended]:
        found = runs.strays(conn, self.id, self._slots.has)
        released = Outcome("released", reason="the answer to its claim was lost")
        return [Ended(claim, released, None, self._clock.now()) for claim in found]

    def _tell(self, ended: list[Ended], settled: dict[str, Settled], claimed: list[Claim]) -> None:
        for end in ended:
            if end.claim.id not in settled:
                log.warning("job %s: the late outcome of run %d was refused", end.claim.id, end.claim.run)
        if ended or claimed:
            self._notifier.notify(claim.id for claim in chain((end.claim for end in ended), claimed))

    def _leave(self) -> None:
        ended, now = self._slots.collect(), self._clock.now()
        for slot in self._slots.unfinished():
            ended.append(Ended(slot.claim, self._interrupted(slot), slot.run.started_at, now))
        with self._database.act() as conn:
            runs.settle(conn, [*ended, *self._strays(conn)])
            workers.remove(conn, self.id)
        self._notifier.notify([end.claim.id for end in ended])

    def _interrupted(self, slot: Slot) -> Outcome:
        """A task that is at most once must not run again; what had not begun was put back before."""
        if self._registry.get(slot.claim.task).options["on_interrupt"] == "retry":
            return Outcome("released", reason="the worker was stopped")
        return Outcome("failed", failure=Failure("WorkerLost", "the worker was stopped while the task ran"))

    def _pause(self) -> float:
        moment = self._clock.monotonic()
        poll = ACTIVE_POLL if moment - self._claimer.found_unasked_at < ACTIVE_FOR else IDLE_POLL
        return self._claimer.seconds_until_due(poll) if self._slots.free > 0 else poll
