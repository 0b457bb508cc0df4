"""Use cases of a job that exists."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import InvalidCursor, InvalidState, JobNotFound, ResultExpired
from ..execution.current_job import current_job
from ..ids import is_id
from ..job import Job, JobList, Stamp
from ..states import CANCELLED, FAILED
from ..store import dependencies, events, jobs, queries, retention, steps
from ..store.batched_reads import BatchedReads
from ..store.events import Cause
from ..store.job_filters import JobFilters
from ..store.parents import Results
from ..values import Step
from .job_signals import JobSignals
from .preconditions import Precondition
from .threads import LocalThreads
from .waiting_reason import WaitingReasons

T = TypeVar("T")
ANY: Final = JobFilters()
CHECK_EVERY: Final = 0.1
"""Seconds between two reads for a change that another process made."""


class Jobs:
    """Get, wait, list, cancel, retry, delete; attempts, events, results."""

    def __init__(
        self, *, database: Database, clock: Clock, notifier: Notifier,
        threads: LocalThreads, waiting_reasons: WaitingReasons, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._signals = signals
        self._database, self._clock, self._waiting_reasons = database, clock, waiting_reasons
        self._notifier, self._threads = notifier, threads
        self._job_reads = BatchedReads(database, queries.WHOLE)
        self._stamp_reads = BatchedReads(database, queries.STAMP)

    def get(self, job_id: str) -> Job:
        """The job; raises JobNotFound."""
        return self._waiting_reasons.add_to(_require_found(self._job_reads.get(job_id), job_id))

    def stamp(self, job_id: str) -> Stamp:
        """The job's version and state; raises JobNotFound."""
        return _require_found(self._stamp_reads.get(job_id), job_id)

    def wait(self, job_id: str, timeout: float, seen: int | None = None) -> Job:
        """The job in its final state, or as it is after `timeout` seconds.

        With `seen`, a version, it returns at any change. Raises JobNotFound; RuntimeError inside a job,
        which would hold a thread of the pool that it waits for.
        """
        refuse_in_job()
        # Not the injected clock: while a test has it stand still the wait would never end.
        deadline = time.monotonic() + timeout
        with self._notifier.listen(job_id) as changed:
            while True:
                # Cleared before the read: a change after it sets the event again.
                changed.clear()
                now = self.stamp(job_id)
                left = deadline - time.monotonic()
                if now.is_final or (seen is not None and now.version != seen) or left <= 0:
                    return self.get(job_id)
                # The event is for commits of this process; those of others are seen by reading again.
                changed.wait(min(left, CHECK_EVERY))

    def page(
        self, filters: JobFilters = ANY, limit: int = 50, cursor: str | None = None, newest_first: bool = True
    ) -> JobList:  # fmt: skip
        """A page of jobs ordered by creation. Raises InvalidCursor, and ValueError for a limit below 1.

        With a filter by JSON it may have less than `limit` while there are more: `next_cursor` says so.
        """
        if limit < 1:
            raise ValueError(f"limit must be at least 1, and is {limit}")
        after = None if cursor is None else _decode(cursor)
        with self._database.read() as conn:
            found, last = queries.page(conn, filters, limit, after, newest_first)
        page = JobList(self._waiting_reasons.add_to(job, counts=False) for job in found)
        page.next_cursor = None if last is None else _encode(last)
        return page

    def ids_with_prefix(self, prefix: str, most: int) -> list[str]:
        """The first `most` ids that begin so; `prefix` is of hexadecimal digits and hyphens."""
        with self._database.read() as conn:
            return queries.ids_with_prefix(conn, prefix, most)

    def count(self, filters: JobFilters) -> tuple[int, bool]:
        """The number of jobs, counted to 10,000 at most, and whether there are more."""
        with self._database.read() as conn:
            return queries.count(conn, filters)

    @retry_conflicts
    def cancel(
        self, job_id: str, precondition: Precondition[Stamp] | None = None, *, by: str | None = None
    ) -> Job:
        """Cancel a job that does not run; request that a running one stops. `by` says in whose name.

        A cancelled job is returned as it is. Raises JobNotFound, and InvalidState for another final state.
        """
        now = self._clock.now()
        with self._database.write() as conn:
            _check(conn, job_id, precondition)
            cancelled = jobs.cancel(conn, job_id, now, Cause(by=by))
            # In this order: a job claimed between the two is running, and gets the request.
            is_requested = not cancelled and jobs.request_cancel(conn, job_id, now, Cause(by=by))
        job = self.get(job_id)
        if is_requested:
            self._threads.cancel_requested(job_id)
        elif not cancelled and job.state != CANCELLED:
            raise InvalidState(f"the job is {job.state} already", job.state)
        self._notifier.notify(cancelled or [job_id])
        self._signals.happened(("cancelled", each) for each in cancelled)
        return job

    @retry_conflicts
    def retry(
        self, job_id: str, precondition: Precondition[Stamp] | None = None, *, by: str | None = None
    ) -> Job:
        """Queue a final job once more, its history kept. Raises JobNotFound, InvalidState."""
        with self._database.write() as conn:
            _check(conn, job_id, precondition)
            done = jobs.retry(conn, job_id, self._clock.now(), Cause(by=by))
        if not done:
            state = self.get(job_id).state
            raise InvalidState(f"the job is {state}: only a finished job can be retried", state)
        self._threads.jobs_submitted([job_id])
        self._notifier.notify([job_id])
        return self.get(job_id)

    @retry_conflicts
    def delete(self, job_id: str, precondition: Precondition[Stamp] | None = None) -> None:
        """Delete a final job and its history. Raises JobNotFound, InvalidState."""
        with self._database.write() as conn:
            _check(conn, job_id, precondition)
            gone = jobs.delete_final(conn, [job_id])
        if not gone:
            state = self.get(job_id).state
            raise InvalidState(
                f"the job is {state}: only a finished job can be deleted, cancel it first", state
            )

    def locked(self, conn: Connection, job_id: str, precondition: Precondition[Stamp] | None) -> Job:
        """The job, locked until the transaction ends, if it is as `precondition` requires.

        Raises JobNotFound, and as `precondition`.
        """
        stamp = _require_found(queries.locked_stamp(conn, job_id), job_id)
        if precondition is not None:
            precondition(stamp)
        return _require_found(queries.get(conn, job_id), job_id)

    def result(self, job: Job) -> Any:
        """What the task of a final job returned. Raises InvalidState, ResultExpired."""
        if job.state in (FAILED, CANCELLED):
            raise InvalidState(f"the job {job.state}: there is no result", job.state)
        if job.result is None:  # what the task returned, or all that is left of it
            with self._database.read() as conn:
                if not retention.has_result(conn, job.id):
                    raise ResultExpired
        return job.result

    def attempts(self, job_id: str, latest: int | None = None) -> list[dict[str, Any]]:
        """One entry for each claim, or each of the `latest`, oldest first. Raises JobNotFound."""
        self.stamp(job_id)  # raises for an unknown job, which has no attempts either
        with self._database.read() as conn:
            return queries.attempts(conn, job_id, latest)

    def events(self, job_id: str, latest: int | None = None) -> list[dict[str, Any]]:
        """One entry for each transition, or each of the `latest`, oldest first. Raises JobNotFound."""
        self.stamp(job_id)
        with self._database.read() as conn:
            return events.events_of(conn, job_id) if latest is None else events.newest(conn, job_id, latest)

    def steps(self, job_id: str, most: int | None = None) -> list[tuple[Step, bool]]:
        """The finished steps, in the order in which they began, each with whether its result is left out.

        That is None where it has more than `most` characters. Raises JobNotFound.
        """
        self.stamp(job_id)
        with self._database.read() as conn:
            return steps.steps_of(conn, job_id, self._clock.now(), most)

    def results(self, job_id: str) -> Results:
        """What those returned that the job depends on. Raises LookupError where one was deleted."""
        with self._database.raw_read() as conn:
            return dependencies.results(conn, job_id)


def refuse_in_job() -> None:
    """Raise RuntimeError inside a job."""
    if current_job:
        raise RuntimeError("a job must not wait for another: it would hold a thread of the pool it waits for")


def _check(conn: Connection, job_id: str, precondition: Precondition[Stamp] | None) -> None:
    """Check the job, locked until the transaction ends. Raises JobNotFound, and as `precondition`."""
    if precondition is not None:
        precondition(_require_found(queries.locked_stamp(conn, job_id), job_id))


def _require_found(seen: T | None, job_id: str) -> T:
    if seen is None:
        raise JobNotFound(f"no job has the id {job_id!r}; it may have been deleted or pruned")
    return seen


def _encode(job_id: str) -> str:
    return base64.urlsafe_b64encode(job_id.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        # The client may send anything: the cursor goes into a comparison only if it is an id.
        job_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidCursor() from None
    if not is_id(job_id):
        raise InvalidCursor()
    return job_id
