"""The inline and manual engines: jobs run in the calling thread, through the same store and runner."""

from __future__ import annotations

import uuid
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..execution.current_job import Run
from ..execution.runner import Runner
from ..outcomes import Outcome
from ..store import claims, queries, runs
from ..store.claims import Claim
from ..store.completion import Ended
from ..tasks.registry import Registry

MOST_ROUNDS: Final = 1_000
"""A job that snoozes this often in a row would run for ever in its caller."""


class InPlace:
    """Claims, runs and settles jobs where it is called, with no thread of its own."""

    def __init__(
        self, *, runner: Runner, database: Database, registry: Registry, settings: Settings, clock: Clock,
        notifier: Notifier,
    ) -> None:  # fmt: skip
        self._id = str(uuid.uuid4())
        self._runner, self._database, self._registry = runner, database, registry
        self._settings, self._clock, self._notifier = settings, clock, notifier

    def run_to_end(self, job_id: str) -> None:
        """Run the job until it is final, delays and backoff ignored (the inline engine).

        Raises what its task raised where JOBS_INLINE_RAISES is set.
        """
        for _ in range(MOST_ROUNDS):
            claimed = self._claim_one(job_id)
            if claimed is None:
                return
            outcome = self._run(claimed)
            if outcome.cause is not None and self._settings.inline_raises and self._is_final(job_id):
                raise outcome.cause
        raise RuntimeError(f"job {job_id} snoozed {MOST_ROUNDS} times: the inline engine does not wait")

    def drain(self) -> int:
        """Run all that is due, and what that brings about, in order (the manual engine). How many runs."""
        count = 0
        while claimed := self._claim_next():
            self._run(claimed)
            count += 1
        return count

    def _claim_one(self, job_id: str) -> Claim | None:
        with self._database.write() as conn:
            rows = [row for row in claims.the_job(conn, job_id) if row.task in self._registry.tasks]
            made = claims.claim(conn, rows, self._id, self._settings.engine, self._clock.now())
        return made[0] if made else None

    def _claim_next(self) -> Claim | None:
        now = self._clock.now()
        with self._database.write() as conn:
            claims.wake(conn, now)
            queues = self._settings.queues or claims.queues_due(conn)
            rows = claims.candidates(conn, queues, list(self._registry.tasks), 1)
            made = claims.claim(conn, rows, self._id, self._settings.engine, now)
        return made[0] if made else None

    def _run(self, claim: Claim) -> Outcome:
        run = Run(
            id=claim.id, task=claim.task, args=claim.args, attempt=claim.attempt, queue=claim.queue,
            clock=self._clock, timeout=claim.timeout,
        )  # fmt: skip
        run.start()
        outcome = self._runner.run(claim, run)
        end = Ended(claim, outcome, run.started_at, self._clock.now(), run.take_progress())
        with self._database.write() as conn:
            runs.settle(conn, [end])
        self._notifier.notify([claim.id])
        return outcome

    def _is_final(self, job_id: str) -> bool:
        with self._database.read() as conn:
            found = queries.read(conn, queries.STAMP, job_id)
        return found is not None and found.is_final
