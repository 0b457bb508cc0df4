"""All who change jobs, at once, on one database: claimers, submitters that cancel, a pruner and a rescuer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.jobs.database.database import Database
from app.jobs.run import Failure, Outcome, Run
from app.jobs.states import SUCCEEDED
from app.jobs.store import claims, completion, jobs, new_jobs, queries, rescue, workers

from ..store.factory import new_job, register

BATCH = 8
SOON = 0.02
"""Seconds for which jobs are scheduled, snoozed and put off for a retry: waking goes on all the time."""


class Contention:
    """Threads that work until all jobs are final; what any of them raises is in `errors`."""

    def __init__(self, database: Database, count: int) -> None:
        self.database, self.errors = database, list[BaseException]()
        self.pruned, self._left_to_submit, self._left_to_store = 0, count, count
        self._lock, self._is_over = threading.Lock(), threading.Event()

    def run(self, claimers: int = 4, submitters: int = 2, seconds: float = 60) -> None:
        """Return once everything is done, something went wrong, or `seconds` are over."""
        work = [self._submit] * submitters + [self._prune, self._rescue]
        work += [self._claimer(f"claimer-{number}") for number in range(claimers)]
        threads = [threading.Thread(target=self._guarded, args=(each,), daemon=True) for each in work]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        while not self.errors and time.monotonic() < deadline and not self._all_is_done():
            self._is_over.wait(0.1)
        self._is_over.set()
        for thread in threads:
            thread.join(10)

    def _guarded(self, turn: Callable[[], None]) -> None:
        try:
            while not self._is_over.is_set():
                turn()
        except BaseException as error:
            self.errors.append(error)

    def _all_is_done(self) -> bool:
        if self._left_to_store > 0:
            return False
        with self.database.read() as conn:
            counts = queries.state_counts(conn)
        return not sum(counts[state]["value"] for state in ("queued", "scheduled", "retrying", "running"))

    def _submit(self) -> None:
        """Some jobs, now or soon; every third is cancelled at once, or asked to stop."""
        with self._lock:
            size = min(20, self._left_to_submit)
            self._left_to_submit -= size
        if not size:
            self._is_over.wait(0.05)
            return
        now = _now()
        made = [new_job(created_at=now, run_at=now + _some_time() * (n % 2)) for n in range(size)]
        with self.database.write() as conn:
            new_jobs.enqueue(conn, made)
        with self._lock:
            self._left_to_store -= size
        for job in made[::3]:
            with self.database.write() as conn:
                if not jobs.cancel(conn, job.id, _now()):
                    jobs.request_cancel(conn, job.id, _now())

    def _claimer(self, worker: str) -> Callable[[], None]:
        """A turn as a dispatcher's: outcomes, jobs that come due, claims, in one transaction."""
        with self.database.write() as conn:
            register(conn, worker)
        ended: list[Run] = []

        def turn() -> None:
            with self.database.raw_write() as conn:
                completion.complete(conn, ended)
                claims.wake(conn, _now())
                rows = claims.candidates(conn, ["default"], ["add"], BATCH, _now())
                ended[:] = claims.claim(conn, rows, worker, "thread", _now())
            for run in ended:
                run.started_at = run.finished_at = _now()
                run.outcome = _outcome(run)
            if not ended:
                self._is_over.wait(0.002)

        return turn

    def _prune(self) -> None:
        with self.database.write() as conn:
            self.pruned += jobs.prune(conn, jobs.Expired([SUCCEEDED], _now()), 50)
        self._is_over.wait(0.01)

    def _rescue(self) -> None:
        """A worker claims some jobs and dies; they are rescued."""
        with self.database.write() as conn:
            mortal = register(conn, f"mortal-{random.random()}"[:36])
            rows = claims.candidates(conn, ["default"], ["add"], 2, _now())
            claims.claim(conn, rows, mortal, "thread", _now())
        with self.database.write() as conn:
            workers.deregister(conn, mortal)
        with self.database.write() as conn:
            rescue.rescue(conn, _now())
        self._is_over.wait(0.02)


def _now() -> datetime:
    return datetime.now(UTC)


def _some_time() -> timedelta:
    return timedelta(seconds=random.uniform(0, SOON))


def _outcome(run: Run) -> Outcome:
    """A first run often fails or snoozes; a second one succeeds."""
    chance = random.random() if run.number == 1 else 1.0
    if chance < 0.3:
        return Outcome("failed", failure=Failure("OSError", "once"), retry_in=random.uniform(0, SOON))
    if chance < 0.5:
        return Outcome("snoozed", delay=random.uniform(0, SOON))
    return Outcome("succeeded", result="1")
