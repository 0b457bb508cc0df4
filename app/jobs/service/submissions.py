"""Submissions: nothing is acknowledged before its commit (promise 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.statements import execute_all
from ..job import Job
from ..options import NO_OPTIONS, SubmitOptions
from ..states import CANCELLED
from ..store import batches, new_jobs, queries
from ..store.batches import NewBatch
from ..store.dependencies import Step, UnknownParents
from ..store.events import bind_submitted_by
from ..store.group_commit import GroupCommit
from ..store.idempotency import RequestKey
from ..store.job_filters import JobFilters
from ..store.new_jobs import NewJob
from ..tasks.submission import BatchSubmission, Submission
from ..values import Batch
from .backlog import Backlog
from .composition import Composition, Part, refusal, refuse_unique
from .idempotency import IdempotentRequests, Remember
from .job_factory import JobFactory
from .job_signals import JobSignals
from .session import after_commit, confirmation, connection_of, refuse_open_transaction
from .submitted import Also, Submitted, are_plain, as_stored, nothing, store
from .threads import LocalThreads


class Submissions:
    """Submit jobs: one, many, a batch, a chain, or one for a key. `host_db` is the app's Flask-SQLAlchemy."""

    def __init__(
        self, *, database: Database, factory: JobFactory, backlog: Backlog, clock: Clock,
        threads: LocalThreads, host_db: Any, runs_inline: bool, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._signals = signals
        self._database, self._factory, self._backlog, self._clock = database, factory, backlog, clock
        self._threads, self._host_db, self._runs_inline = threads, host_db, runs_inline
        self._commits = GroupCommit(database)
        self.once = IdempotentRequests(database, clock).once

    def submit(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *, session: Any = None,
        by: str | None = None, **origin: Any,
    ) -> Job:  # fmt: skip
        """Submit one job; returns after its commit, or with `session` joins the caller's transaction.

        Where its unique key is taken the job that has it is returned. `by` is the name of an operator who
        asked for it, not with `session`. Raises UnknownTask, InvalidArguments, TypeError, QueueFull,
        UniqueConflict, OpenTransaction, DatabaseUnavailable.
        """
        return self.submit_or_find(task, args, options, session=session, by=by, **origin).job

    def submit_or_find(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *, session: Any = None,
        by: str | None = None, **origin: Any,
    ) -> Submitted:  # fmt: skip
        """As `submit`; also whether the job is new."""
        new = self._factory.make_job(task, args, options, self._clock.now(), **origin)
        also: Also = nothing if by is None else lambda _ids: bind_submitted_by(new.id, by)
        return self._submit([Step([new])], ["#"], session, also)[0]

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none. Raises as `submit`, with pointers such as #/3/args/a."""
        places = [f"#/{index}" for index in range(len(submissions))]
        made = self._factory.make_jobs(zip(places, submissions, strict=True), self._clock.now())
        return [job for job, _ in self._submit([Step(made)], places, session)] if made else []

    def submit_internal(self, task: str, args: Mapping[str, Any], by: str | None = None) -> Job:
        """Submit a job of a task of the package itself, however full the backlog is: it may be to empty it.

        `by` is the name of who asked for it. Raises OpenTransaction, DatabaseUnavailable.
        """
        new = self._factory.make_internal_job(task, args, self._clock.now())
        signed = bind_submitted_by(new.id, by)
        return self._store([Step([new])], [new], lambda _ids: signed, limited=False)[0].job

    def submit_batch(
        self, batch: BatchSubmission, remember: Remember = lambda _id: [], *, session: Any = None
    ) -> tuple[Batch, list[Job]]:
        """Submit the jobs of a batch, and those that wait for it, in one transaction or none.

        Returns the batch, and its own jobs in order. Raises as `submit`, with pointers such as
        #/jobs/3/args/a and #/on_done/task.
        """
        made = Composition(self._factory, self._clock.now())
        new = made.add_batch(batch)
        if batch.jobs and len(made.steps) == 1:
            # Nothing waits for it: its ends need not be counted.
            made.steps = [Step(made.jobs)]
        submitted = self._submit(made.steps, made.places, session, lambda _ids: remember(new.id))
        own = [job for job, _ in submitted[: len(batch.jobs)]]
        return _batch_of(new, own), own

    def submit_chain(self, parts: Sequence[Part], *, session: Any = None) -> Job | Batch:
        """Submit jobs and batches each of which waits for the one before; returns the last of them.

        Raises as `submit`, with pointers that begin with the place in the chain, #/1/args/a.
        """
        made = Composition(self._factory, self._clock.now())
        last = made.add_chain(parts)
        by_id = {job.id: job for job, _ in self._submit(made.steps, made.places, session)}
        if isinstance(last, NewJob):
            return by_id[last.id]
        return _batch_of(last, [job for job in by_id.values() if job.batch_id == last.id])

    def submit_once(
        self, key: RequestKey, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *,
        by: str | None = None, **origin: Any,
    ) -> tuple[Submitted, bool]:  # fmt: skip
        """As `submit_or_find`, once for `key`; also whether it is a replay. Raises as that and `once`."""

        def make(remember: Remember) -> Submitted:
            new = self._factory.make_job(task, args, options, self._clock.now(), **origin)
            signed = bind_submitted_by(new.id, by)
            return self._submit([Step([new])], ["#"], None, lambda ids: [*remember(ids[0]), *signed])[0]

        def find(job_id: str) -> Submitted | None:
            job = self._find(job_id)
            return None if job is None else Submitted(job, "stored")

        return self.once(key, find, make)

    def submit_batch_once(
        self, key: RequestKey, batch: BatchSubmission
    ) -> tuple[tuple[Batch, Sequence[Job]], bool]:
        """Submit a batch once for `key`; also whether it is a replay.

        Raises as `submit_batch` and `once`; a batch of which a job was deleted counts as gone.
        """

        def find(batch_id: str) -> tuple[Batch, Sequence[Job]] | None:
            with self._database.read() as conn:
                found = batches.get(conn, batch_id)
                own, _ = queries.page(conn, JobFilters(batch_ids=(batch_id,)), len(batch.jobs), None, False)
            return (found, own) if found is not None and len(own) == len(batch.jobs) else None

        return self.once(key, find, lambda remember: self.submit_batch(batch, remember))

    def join_once(self, key: RequestKey, submit: Callable[[], Job], session: Any) -> tuple[Job, bool]:
        """Call `submit`, which joins the caller's transaction, and commit that, once for `key`."""

        def make(remember: Remember) -> Job:
            job = submit()
            try:
                with self._database.translating():
                    execute_all(connection_of(session, self._database), remember(job.id))
                    session.commit()
            except IntegrityError:  # another process was first: its job is the response
                session.rollback()
                raise
            return job

        return self.once(key, self._find, make)

    def _find(self, job_id: str) -> Job | None:
        with self._database.read() as conn:
            return queries.get(conn, job_id)

    def _submit(
        self, steps: Sequence[Step], places: Sequence[str], session: Any, also: Also = nothing
    ) -> list[Submitted]:
        """Commit the jobs of all steps, or join the caller's transaction; `places` are those of the jobs.

        `also` returns what is committed with them.
        """
        made = [new for step in steps for new in step.jobs]
        if len(steps) > 1 or steps[0].batch is not None:
            refuse_unique(places, made)
        try:
            if session is not None:
                return self._join(steps, made, session)
            return self._store(steps, made, also)
        except UnknownParents as error:
            raise refusal(error, places, made) from None

    def _store(
        self,
        steps: Sequence[Step],
        made: Sequence[NewJob],
        also: Also = nothing,
        limited: bool = True,
    ) -> list[Submitted]:
        """Commit the jobs, and whatever else is to be committed with them, and tell the threads."""
        self._database.check_can_run()
        refuse_open_transaction(self._host_db, self._database)
        if limited:
            self._backlog.admit(len(made))
        if are_plain(steps):
            statements = new_jobs.bind_enqueue(self._database.dialect, made)
            self._commits.commit([*statements, *also([new.id for new in made])])
            submitted = as_stored(made)
        else:
            submitted = self._write(steps, also)
        self._tell(made, submitted)
        return self._read_again(submitted) if self._runs_inline else submitted

    @retry_conflicts
    def _write(self, steps: Sequence[Step], also: Also) -> list[Submitted]:
        # Not with others: a conflict would be theirs too, and so would the wait for who takes the same key.
        with self._database.raw_write() as conn:
            submitted = store(conn, steps, self._clock.now())
            execute_all(conn, also([job.id for job, _ in submitted]))
        return submitted

    def _join(self, steps: Sequence[Step], made: Sequence[NewJob], session: Any) -> list[Submitted]:
        self._database.check_can_run()
        self._database.check()
        with self._database.translating():
            conn = connection_of(session, self._database)
            confirm = confirmation(session, self._database)
            confirm()
            self._backlog.admit(len(made))
            submitted = store(conn, steps, self._clock.now())
        # Raised by the caller's commit: it is the caller who acknowledges.
        after_commit(session, confirm)
        # Not before: until the caller commits, the jobs cannot be claimed, and may never exist.
        after_commit(session, lambda: self._tell(made, submitted))
        return submitted

    def _tell(self, made: Sequence[NewJob], submitted: Sequence[Submitted]) -> None:
        """Tell the receivers of signals and the threads."""
        # In this order: the inline engine runs them here, or what they wait for had failed before they came.
        new = [job for job, found in zip(made, submitted, strict=True) if found.is_new]
        self._signals.submitted(new)
        if cancelled := [job.id for job, at in submitted if job.state == CANCELLED and at == "stored"]:
            self._signals.happened(("cancelled", job_id) for job_id in cancelled)
        changed = [job.id for job, outcome in submitted if outcome != "existing"]
        self._threads.jobs_submitted(list(dict.fromkeys(changed)))

    def _read_again(self, submitted: Sequence[Submitted]) -> list[Submitted]:
        """The jobs as they are where the inline engine has run them."""
        with self._database.read() as conn:
            found = queries.jobs_by_id(conn, [job.id for job, _ in submitted])
        return [Submitted(found[job.id], outcome) for job, outcome in submitted]


def _batch_of(new: NewBatch, own: Sequence[Job]) -> Batch:
    states = Counter(job.state for job in own)
    return batches.batch_of(new.id, states, new.created_at, new.on_done, new.on_success)
