"""Submissions: nothing is acknowledged before its commit (promise 1)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.database import Database
from ..database.statements import BoundStatement
from ..errors import (
    IdempotencyConflict,
    IdempotencyGone,
    IdempotencyInFlight,
    InvalidArguments,
    UnknownTask,
    problem,
)
from ..ids import new_id
from ..job import Job
from ..options import NO_OPTIONS, SubmitOptions
from ..store import idempotency, jobs, queries
from ..store.group_commit import GroupCommit
from ..store.idempotency import RequestKey
from ..store.jobs import NewJob
from ..store.snapshots import as_submitted
from ..tasks.submission import Submission
from .backlog import Backlog
from .job_factory import JobFactory
from .session import after_commit, connection_of, refuse_open_transaction
from .threads import LocalThreads
from .waiting_reason import with_waiting_reason


class Submissions:
    """Submit jobs: one, many, or one for a key. `host_db` is the app's Flask-SQLAlchemy, or None."""

    def __init__(
        self, *, database: Database, factory: JobFactory, backlog: Backlog, clock: Clock,
        threads: LocalThreads, host_db: Any, runs_inline: bool,
    ) -> None:  # fmt: skip
        self._database, self._factory, self._backlog, self._clock = database, factory, backlog, clock
        self._threads, self._host_db, self._runs_inline = threads, host_db, runs_inline
        self._commits = GroupCommit(database)
        self._in_flight: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def submit(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *, session: Any = None,
        **origin: Any,
    ) -> Job:  # fmt: skip
        """Submit one job; returns after its commit, or with `session` joins the caller's transaction.

        Raises UnknownTask, InvalidArguments, TypeError, QueueFull, OpenTransaction, DatabaseUnavailable.
        """
        new = self._factory.make_job(task, args, options, self._clock.now(), **origin)
        return (self._store([new]) if session is None else self._join([new], session))[0]

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none. Raises as `submit`, with pointers such as #/3/args/a."""
        now = self._clock.now()
        made = self._make_all(submissions, "#", now=now)
        if not made:
            return []
        return self._store(made) if session is None else self._join(made, session)

    def submit_batch(self, submissions: Sequence[Submission]) -> tuple[str, list[Job]]:
        """As `submit_many`, under a batch id; pointers begin with #/jobs."""
        now = self._clock.now()
        batch_id = new_id(now)
        made = self._make_all(submissions, "#/jobs", now=now, batch_id=batch_id)
        return batch_id, self._store(made)

    def submit_idempotent(self, key: RequestKey, submission: Submission) -> tuple[Job, bool]:
        """Submit once for `key` in 24 hours; returns the job and whether it is a replay.

        Raises IdempotencyConflict for another fingerprint, IdempotencyGone where that job was deleted,
        IdempotencyInFlight while the first request is being handled; and as `submit`.
        """
        # For requests of this process only; between processes the unique key in the database decides.
        name = (key.scope, key.key)
        with self._lock:
            if name in self._in_flight:
                raise IdempotencyInFlight()
            self._in_flight.add(name)
        try:
            return self._submit_once(key, submission)
        finally:
            with self._lock:
                self._in_flight.discard(name)

    def _submit_once(self, key: RequestKey, submission: Submission) -> tuple[Job, bool]:
        now = self._clock.now()
        if first := self._first(key, now):
            return first, True
        new = self._factory.make_job(submission.task, submission.args, submission.options, now)
        dialect = self._database.dialect
        try:
            return self._store([new], *idempotency.bind_remember(dialect, key, new.id, now))[0], False
        except IntegrityError:  # another process was first
            if first := self._first(key, now):
                return first, True
            raise

    def _first(self, key: RequestKey, now: datetime) -> Job | None:
        """The job of the first request with `key`, or None where there was none."""
        with self._database.read() as conn:
            known = idempotency.find(conn, key, now)
            job = known and queries.get(conn, known.job_id)
        if known is None:
            return None
        if known.fingerprint != key.fingerprint:
            raise IdempotencyConflict()
        if job is None:
            raise IdempotencyGone()
        return with_waiting_reason(job, self._factory.tasks)

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

    def _store(self, made: Sequence[NewJob], *more: BoundStatement) -> list[Job]:
        """Commit the jobs, and whatever else is to be committed with them, and tell the threads."""
        refuse_open_transaction(self._host_db, self._database)
        self._backlog.admit(len(made))
        self._commits.commit([*jobs.bind_enqueue(self._database.dialect, made), *more])
        self._threads.jobs_submitted([new.id for new in made])
        return self._snapshots(made)

    def _join(self, made: Sequence[NewJob], session: Any) -> list[Job]:
        conn = connection_of(session, self._database.engine)
        self._backlog.admit(len(made))
        jobs.enqueue(conn, made)
        # Not before: until the caller commits, the jobs cannot be claimed, and may never exist.
        ids = [new.id for new in made]
        after_commit(session, lambda: self._threads.jobs_submitted(ids))
        return [as_submitted(new) for new in made]

    def _snapshots(self, made: Sequence[NewJob]) -> list[Job]:
        """The jobs as they were submitted; read again where the inline engine has run them."""
        if not self._runs_inline:
            return [as_submitted(new) for new in made]
        with self._database.read() as conn:
            return queries.get_many(conn, [new.id for new in made])
