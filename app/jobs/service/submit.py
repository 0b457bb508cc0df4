"""Submitting: nothing is acknowledged before its commit, and nothing acknowledged is lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from ..database.writes import Write
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
from ..store import idempotency, jobs, queries
from ..store.jobs import NewJob
from ..store.snapshots import as_submitted
from ..tasks.options import NO_OPTIONS, RequestKey, Submission, SubmitOptions
from .base import Parts, UseCases
from .session import after_commit, connection_of, refuse_open_transaction


class SubmitService(UseCases):
    """One job, many jobs, a job once for a key."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._in_flight: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def submit(
        self, task: str, args: Mapping[str, Any], options: SubmitOptions = NO_OPTIONS, *, session: Any = None
    ) -> Job:
        """Submit one job; returns after its commit, or with `session` joins the caller's transaction.

        Raises UnknownTask, InvalidArguments, TypeError, QueueFull, OpenTransaction, DatabaseUnavailable.
        """
        new = self._parts.submitter.make(task, args, options, self._parts.clock.now())
        return (self._store([new]) if session is None else self._join([new], session))[0]

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none. Raises as `submit`, with pointers such as #/3/args/a."""
        now = self._parts.clock.now()
        made = self._make_all(submissions, "#", now=now)
        if not made:
            return []
        return self._store(made) if session is None else self._join(made, session)

    def submit_batch(self, submissions: Sequence[Submission]) -> tuple[str, list[Job]]:
        """As `submit_many`, under a batch id; pointers begin with #/jobs."""
        now = self._parts.clock.now()
        batch_id = new_id(now)
        made = self._make_all(submissions, "#/jobs", now=now, batch_id=batch_id)
        return batch_id, self._store(made)

    def submit_idempotent(self, key: RequestKey, wish: Submission) -> tuple[Job, bool]:
        """Submit once for `key` in 24 hours: the job, and whether it is the first request's.

        Raises IdempotencyConflict for another fingerprint, IdempotencyGone where that job was deleted,
        IdempotencyInFlight while the first request is being handled; and as `submit`.
        """
        name = (key.scope, key.key)
        with self._lock:
            if name in self._in_flight:
                raise IdempotencyInFlight()
            self._in_flight.add(name)
        try:
            return self._submit_once(key, wish)
        finally:
            with self._lock:
                self._in_flight.discard(name)

    def _submit_once(self, key: RequestKey, wish: Submission) -> tuple[Job, bool]:
        parts, now = self._parts, self._parts.clock.now()
        if first := self._first(key, now):
            return first, True
        new = parts.submitter.make(wish.task, wish.args, wish.options, now)
        dialect = parts.database.engine.dialect
        try:
            return self._store([new], *idempotency.remembered(dialect, key, new.id, now))[0], False
        except IntegrityError:  # another process was first
            if first := self._first(key, now):
                return first, True
            raise

    def _first(self, key: RequestKey, now: datetime) -> Job | None:
        """The job of the first request with `key`, or None where there was none."""
        with self._parts.database.read() as conn:
            known = idempotency.find(conn, key, now)
            job = known and queries.get(conn, known.job_id)
        if known is None:
            return None
        if known.fingerprint != key.fingerprint:
            raise IdempotencyConflict()
        if job is None:
            raise IdempotencyGone()
        return self._explained(job)

    def _make_all(
        self, submissions: Sequence[Submission], where: str, *, now: Any, **origin: Any
    ) -> list[NewJob]:
        made: list[NewJob] = []
        problems: list[dict[str, str]] = []
        for index, asked in enumerate(submissions):
            place = f"{where}/{index}"
            try:
                made.append(
                    self._parts.submitter.make(
                        asked.task, asked.args, asked.options, now, where=place, **origin
                    )
                )
            except UnknownTask as error:
                problems.append(problem(f"{place}/task", error))
            except InvalidArguments as error:
                problems += error.errors
        if problems:
            raise InvalidArguments(problems)
        return made

    def _store(self, made: list[NewJob], *more: Write) -> list[Job]:
        refuse_open_transaction(self._parts.host_db, self._parts.database.engine)
        self._parts.backlog.admit(len(made))
        self._enqueue(made, *more)
        return self._snapshots(made)

    def _join(self, made: list[NewJob], session: Any) -> list[Job]:
        parts, ids = self._parts, [new.id for new in made]
        conn = connection_of(session, parts.database.engine)
        parts.backlog.admit(len(made))
        jobs.enqueue(conn, made)
        after_commit(session, lambda: parts.host.submitted(ids))
        return [as_submitted(new) for new in made]

    def _snapshots(self, made: list[NewJob]) -> list[Job]:
        """As they were submitted; read again where the engine has run them already."""
        if self._parts.settings.engine != "inline":
            return [as_submitted(new) for new in made]
        with self._parts.database.read() as conn:
            return queries.get_many(conn, [new.id for new in made])
