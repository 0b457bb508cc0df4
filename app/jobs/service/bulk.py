"""Use cases of many jobs at once: cancel, retry, delete by ids or by filters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..clock import Clock
from ..current import current_runtime
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import InvalidArguments, pointer, problem
from ..execution.current_job import current_job
from ..ids import is_id
from ..run import Snooze
from ..states import RUNNING
from ..store import bulk, events, jobs
from ..store.bulk import Action
from ..store.events import Cause
from ..store.job_filters import TIMES, WITH_PATHS, JobFilters
from ..tasks.registry import TaskDefinition
from ..values import BulkResult
from .job_signals import JobSignals
from .submissions import Submissions
from .threads import LocalThreads

MOST_AT_ONCE: Final = 1_000
"""To so many jobs an action is applied at once; to more by a job of its own."""
MOST_IDS: Final = 1_000
BATCH: Final = 200
"""Jobs in one transaction."""


class _Done(NamedTuple):
    """The ids of a batch.

    `affected` are those to which the action was applied, `asked` those of them that run and were asked to
    stop, `busy` those that somebody else had locked, `followers` others that were cancelled for them.
    """

    affected: list[str]
    asked: list[str]
    busy: list[str]
    followers: list[str]


class BulkActions:
    """Apply an action to the jobs that ids or filters name, as far as the state of each allows it."""

    def __init__(
        self, *, database: Database, clock: Clock, notifier: Notifier, threads: LocalThreads,
        submissions: Submissions, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._signals = signals
        self._database, self._clock, self._notifier = database, clock, notifier
        self._threads, self._submissions = threads, submissions

    def act(
        self, action: Action, filters: Mapping[str, Any], ids: Collection[str] | None = None,
        dry_run: bool = False, *, by: str | None = None,
    ) -> BulkResult:  # fmt: skip
        """Apply it to up to MOST_AT_ONCE jobs now, in transactions of BATCH; to more by a job of its own.

        `filters` are the words of `jobs.list`. With `dry_run` nothing is changed, and `affected` is how many
        would be; both numbers are counted to 100,000 at most. Raises InvalidArguments where neither ids nor
        a filter is given, or both, and for what is no id; else as `JobFilters.of`.
        """
        words = {word: value for word, value in filters.items() if value is not None}
        selected = _selection(words, ids)
        with self._database.read() as conn:
            matched = bulk.count(conn, selected)
            if dry_run:
                return BulkResult(matched=matched, affected=bulk.count_applicable(conn, action, selected))
            found = bulk.applicable(conn, action, selected, MOST_AT_ONCE + 1)
        if len(found) <= MOST_AT_ONCE:
            return BulkResult(matched=matched, affected=self._apply_to(action, found, Cause(by=by)))
        # The words, not the ids: a million of these would be no arguments.
        plain = {word: _plain(value) for word, value in words.items()}
        args = {"action": action, "filter": plain, "until": self._clock.now()}
        job = self._submissions.submit_internal(TASK.name, args, by)
        return BulkResult(matched=matched, affected=0, job=job)

    def run(self, action: Action, filters: Mapping[str, Any], until: datetime) -> dict[str, int] | Snooze:
        """Apply it to all that were there `until` then, within a job: its progress is how far it is.

        Run again, after a crash or a shutdown, it goes on with those that are left.
        """
        selected = JobFilters.of(filters)
        with self._database.read() as conn:
            total = bulk.count_applicable(conn, action, selected)
        # Not an argument of the job: a worker of the version before would not know it.
        cause, affected = Cause(f"by job {current_job.id}", self._submitted_by(current_job.id)), 0
        for found in self._find(action, selected, until):
            current_job.check()
            if current_job.stopping:
                return Snooze(0)
            # Not itself: it may be among those that its filter names.
            affected += self._apply_to(action, [each for each in found if each != current_job.id], cause)
            current_job.progress(affected, max(affected, total))
        current_job.check()
        return {"affected": affected}

    def apply_to_all(self, action: Action, selected: JobFilters, by: str | None = None) -> None:
        """Apply it to all of them here, however many there are, in transactions of BATCH."""
        for found in self._find(action, selected):
            self._apply_to(action, found, Cause(by=by))

    def _find(
        self, action: Action, selected: JobFilters, until: datetime | None = None
    ) -> Iterator[list[str]]:
        """The ids of those to which it applies, BATCH at a time; see `bulk.applicable`."""
        found = [""]
        while True:
            with self._database.read() as conn:
                found = bulk.applicable(conn, action, selected, BATCH, after=found[-1], until=until)
            if not found:
                return
            yield found

    def _submitted_by(self, job_id: str) -> str | None:
        with self._database.read() as conn:
            return events.submitted_by(conn, job_id)

    def _apply_to(self, action: Action, job_ids: list[str], cause: Cause) -> int:
        """Apply it to these jobs; to how many it applied."""
        affected, busy = 0, []
        for start in range(0, len(job_ids), BATCH):
            done = self._apply(action, job_ids[start : start + BATCH], cause, wait=False)
            affected += len(done.affected)
            busy += done.busy
        # One by one, holding no other row: whoever waits so can meet nobody in a deadlock.
        for job_id in busy:
            affected += len(self._apply(action, [job_id], cause, wait=True).affected)
        return affected

    def _apply(self, action: Action, job_ids: list[str], cause: Cause, *, wait: bool) -> _Done:
        done = self._write(action, job_ids, cause, wait=wait)
        for job_id in done.asked:
            self._threads.cancel_requested(job_id)
        if action == "retry" and done.affected:
            self._threads.jobs_submitted(done.affected)
        self._notifier.notify([*done.affected, *done.followers])
        if action == "cancel":
            ended = [job_id for job_id in (*done.affected, *done.followers) if job_id not in done.asked]
            self._signals.happened(("cancelled", job_id) for job_id in ended)
        return done

    @retry_conflicts
    def _write(self, action: Action, job_ids: list[str], cause: Cause, *, wait: bool) -> _Done:
        with self._database.write() as conn:
            locked = jobs.lock(conn, job_ids, wait=wait)
            changed = bulk.ACTIONS[action](conn, locked, self._clock.now(), cause)
        states = {row.id: row.state for row in locked}
        affected = [job_id for job_id in changed if job_id in states]
        asked = [job_id for job_id in affected if states[job_id] == RUNNING]
        busy = [job_id for job_id in job_ids if job_id not in states]
        return _Done(affected, asked, busy, [job_id for job_id in changed if job_id not in states])


def _selection(words: Mapping[str, Any], ids: Collection[str] | None) -> JobFilters:
    if ids is None:
        if empty := [word for word, value in words.items() if not value]:
            raise InvalidArguments([problem(pointer("#/filter", word), "names nothing") for word in empty])
        if not words:
            raise InvalidArguments([problem("#", "name at least one filter or ids")])
        if within := words.keys() & WITH_PATHS:
            advice = "no index knows what is in JSON: find the jobs by `list`, and name their ids"
            raise InvalidArguments([problem(pointer("#/filter", word), advice) for word in within])
        return JobFilters.of(words)
    if words:
        raise InvalidArguments([problem("#", "name ids or filters, not both")])
    named = list(dict.fromkeys(ids))
    if not 1 <= len(named) <= MOST_IDS:
        raise InvalidArguments([problem("#/ids", f"name 1 to {MOST_IDS:,} ids; for more there are filters")])
    if wrong := [at for at, each in enumerate(ids) if not (isinstance(each, str) and is_id(each))]:
        raise InvalidArguments([problem(pointer("#/ids", at), "must be the id of a job") for at in wrong])
    return JobFilters(ids=tuple(named))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | datetime) else list(value)


def _run_bulk(action: str, filter: dict[str, Any], until: datetime) -> Any:
    words = {
        name: datetime.fromisoformat(value) if name in TIMES else value for name, value in filter.items()
    }
    return current_runtime().bulk.run(action, words, until)


TASK: Final = TaskDefinition("simmer.bulk", _run_bulk, {"priority": -1_000, "max_attempts": 10})
"""The task of the job that applies an action to more than MOST_AT_ONCE jobs."""
