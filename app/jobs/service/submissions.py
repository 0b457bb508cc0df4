"""Submissions: nothing is acknowledged before its commit (promise 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.statements import BoundStatement, execute_all
from ..errors import InvalidArguments, UnknownTask, problem
from ..ids import new_id
from ..job import Job
from ..options import NO_OPTIONS, SubmitOptions
from ..store import jobs, queries
from ..store.group_commit import GroupCommit
from ..store.idempotency import RequestKey
from ..store.jobs import NewJob
from ..store.queries import JobFilters
from ..tasks.submission import Submission
from .backlog import Backlog
from .idempotency import IdempotentRequests, Remember
from .job_factory import JobFactory
from .job_signals import JobSignals
from .session import after_commit, confirmation, connection_of, refuse_open_transaction
from .submitted import Submitted, are_unique, as_stored, store
from .threads import LocalThreads

Also = Callable[[Sequence[str]], list[BoundStatement]]
"""Returns what is to be committed with jobs of these ids."""


class Submissions:
    """Submit jobs: one, many, or one for a key. `host_db` is the app's Flask-SQLAlchemy, or None."""

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
        **origin: Any,
    ) -> Job:  # fmt: skip
        """Submit one job; returns after its commit, or with `session` joins the caller's transaction.

        Where its unique key is taken the job that has it is returned. Raises UnknownTask, InvalidArguments,
        TypeError, QueueFull, UniqueConflict, OpenTransaction, DatabaseUnavailable.
        """
        return self.submit_or_find(task, args, options, session=session, **origin).job

    def submit_or_find(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *, session: Any = None,
        **origin: Any,
    ) -> Submitted:  # fmt: skip
        """As `submit`; also whether the job is new."""
        new = self._factory.make_job(task, args, options, self._clock.now(), **origin)
        return (self._store([new]) if session is None else self._join([new], session))[0]

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none. Raises as `submit`, with pointers such as #/3/args/a."""
        now = self._clock.now()
        made = self._make_all(submissions, "#", now=now)
        if not made:
            return []
        submitted = self._store(made) if session is None else self._join(made, session)
        return [job for job, _ in submitted]

    def submit_internal(self, task: str, args: Mapping[str, Any]) -> Job:
        """Submit a job of a task of the package itself, however full the backlog is: it may be to empty it.

        Raises OpenTransaction, DatabaseUnavailable.
        """
        made = self._factory.make_internal_job(task, args, self._clock.now())
        return self._store([made], limited=False)[0].job

    def submit_batch(
        self, submissions: Sequence[Submission], remember: Remember = lambda _id: []
    ) -> tuple[str, list[Job]]:
        """As `submit_many`, under a batch id; pointers begin with #/jobs."""
        now = self._clock.now()
        batch_id = new_id(now)
        made = self._make_all(submissions, "#/jobs", now=now, batch_id=batch_id)
        return batch_id, [job for job, _ in self._store(made, lambda _ids: remember(batch_id))]

    def submit_once(
        self, key: RequestKey, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS,
        **origin: Any,
    ) -> tuple[Submitted, bool]:  # fmt: skip
        """As `submit_or_find`, once for `key`; also whether it is a replay. Raises as that and `once`."""

        def make(remember: Remember) -> Submitted:
            new = self._factory.make_job(task, args, options, self._clock.now(), **origin)
            return self._store([new], lambda ids: remember(ids[0]))[0]

        def find(job_id: str) -> Submitted | None:
            job = self._find(job_id)
            return None if job is None else Submitted(job, "stored")

        return self.once(key, find, make)

    def submit_batch_once(
        self, key: RequestKey, submissions: Sequence[Submission]
    ) -> tuple[tuple[str, Sequence[Job]], bool]:
        """Submit a batch once for `key`; also whether it is a replay.

        Raises as `submit_batch` and `once`; a batch of which a job was deleted counts as gone.
        """

        def find(batch_id: str) -> tuple[str, Sequence[Job]] | None:
            with self._database.read() as conn:
                found, _ = queries.page(
                    conn, JobFilters(batch_ids=(batch_id,)), len(submissions), None, False
                )
            return (batch_id, found) if len(found) == len(submissions) else None

        return self.once(key, find, lambda remember: self.submit_batch(submissions, remember))

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

    def _make_all(
        self, submissions: Sequence[Submission], where: str, *, now: datetime, **origin: Any
    ) -> list[NewJob]:
        made: list[NewJob] = []
        problems: list[dict[str, str]] = []
        make_job = self._factory.make_job
        for index, each in enumerate(submissions):
            place = f"{where}/{index}"
            try:
                made.append(make_job(each.task, each.args, each.options, now, where=place, **origin))
            except UnknownTask as error:
                problems.append(problem(f"{place}/task", error))
            except InvalidArguments as error:
                problems += error.errors
        if problems:
            raise InvalidArguments(problems)
        return made

    def _store(
        self, made: Sequence[NewJob], also: Also = lambda _ids: [], limited: bool = True
    ) -> list[Submitted]:
        """Commit the jobs, and whatever else is to be committed with them, and tell the threads."""
        self._database.check_can_run()
        refuse_open_transaction(self._host_db, self._database)
        if limited:
            self._backlog.admit(len(made))
        if are_unique(made):
            submitted = self._commit_unique(made, also)
        else:
            statements = jobs.bind_enqueue(self._database.dialect, made)
            self._commits.commit([*statements, *also([new.id for new in made])])
            submitted = as_stored(made)
        self._tell(made, submitted)
        return self._read_again(submitted) if self._runs_inline else submitted

    @retry_conflicts
    def _commit_unique(self, made: Sequence[NewJob], also: Also) -> list[Submitted]:
        # Not with others: a conflict would be theirs too, and so would the wait for who takes the same key.
        with self._database.raw_write() as conn:
            submitted = store(conn, made, self._clock.now())
            execute_all(conn, also([job.id for job, _ in submitted]))
        return submitted

    def _join(self, made: Sequence[NewJob], session: Any) -> list[Submitted]:
        self._database.check_can_run()
        self._database.check()
        with self._database.translating():
            conn = connection_of(session, self._database)
            confirm = confirmation(session, self._database)
            confirm()
            self._backlog.admit(len(made))
            submitted = store(conn, made, self._clock.now())
        # Raised by the caller's commit: it is the caller who acknowledges.
        after_commit(session, confirm)
        # Not before: until the caller commits, the jobs cannot be claimed, and may never exist.
        after_commit(session, lambda: self._tell(made, submitted))
        return submitted

    def _tell(self, made: Sequence[NewJob], submitted: Sequence[Submitted]) -> None:
        """Tell the receivers of signals and the threads."""
        # In this order: the inline engine runs them here, and they were submitted before.
        new = zip(made, submitted, strict=True)
        self._signals.submitted([job for job, (_, outcome) in new if outcome == "stored"])
        changed = (job.id for job, outcome in submitted if outcome != "existing")
        self._threads.jobs_submitted(list(dict.fromkeys(changed)))

    def _read_again(self, submitted: Sequence[Submitted]) -> list[Submitted]:
        """The jobs as they are where the inline engine has run them."""
        with self._database.read() as conn:
            found = queries.jobs_by_id(conn, [job.id for job, _ in submitted])
        return [Submitted(found[job.id], outcome) for job, outcome in submitted]
