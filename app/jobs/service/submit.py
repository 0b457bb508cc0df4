"""Submitting: nothing is acknowledged before its commit, and nothing acknowledged is lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from ..caller import after_commit, connection_of, refuse_open_transaction
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
from ..options import NO_OPTIONS, Submission, SubmitOptions
from ..store import idempotency, jobs, queries
from ..store.jobs import NewJob
from .base import Parts, UseCases


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
        return self._store([new], session)[0]

    def submit_many(self, submissions: Sequence[Submission], *, session: Any = None) -> list[Job]:
        """Submit all in one transaction, or none. Raises as `submit`, with pointers such as #/3/args/a."""
        now = self._parts.clock.now()
        made = self._make_all(submissions, "#", now=now)
        return self._store(made, session) if made else []

    def submit_batch(self, submissions: Sequence[Submission]) -> tuple[str, list[Job]]:
        """As `submit_many`, under a batch id; pointers begin with #/jobs."""
        now = self._parts.clock.now()
        batch_id = new_id(now)
        made = self._make_all(submissions, "#/jobs", now=now, batch_id=batch_id)
        return batch_id, self._store(made, None)

    def submit_idempotent(
        self,
        key: str,
        scope: str,
        fingerprint: str,
        task: str,
        args: Mapping[str, Any],
        options: SubmitOptions,
    ) -> tuple[Job, bool]:
        """Submit once for `key` in 24 hours: the job, and whether it is the first request's.

        Raises IdempotencyConflict for another fingerprint, IdempotencyGone where that job was deleted,
        IdempotencyInFlight while the first request is being handled; and as `submit`.
        """
        with self._lock:
            if (scope, key) in self._in_flight:
                raise IdempotencyInFlight()
            self._in_flight.add((scope, key))
        try:
            return self._submit_once(key, scope, fingerprint, task, args, options)
        finally:
            with self._lock:
                self._in_flight.discard((scope, key))

    def _submit_once(
        self,
        key: str,
        scope: str,
        fingerprint: str,
        task: str,
        args: Mapping[str, Any],
        options: SubmitOptions,
    ) -> tuple[Job, bool]:
        parts, now = self._parts, self._parts.clock.now()
        if first := self._first(key, scope, fingerprint):
            return first, True
        new = parts.submitter.make(task, args, options, now)
        parts.backlog.admit()
        try:
            with parts.database.write() as conn:
                idempotency.remember(conn, scope, key, fingerprint, new.id, now)
                jobs.enqueue(conn, [new])
        except IntegrityError:  # another process was first
            if first := self._first(key, scope, fingerprint):
                return first, True
            raise
        parts.host.submitted([new.id])
        return self.get(new.id), False

    def _first(self, key: str, scope: str, fingerprint: str) -> Job | None:
        """The job of the first request with `key`, or None where there was none."""
        with self._parts.database.read() as conn:
            known = idempotency.find(conn, scope, key, self._parts.clock.now())
            job = known and queries.get(conn, known.job_id)
        if known is None:
            return None
        if known.fingerprint != fingerprint:
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

    def _store(self, made: list[NewJob], session: Any) -> list[Job]:
        parts, ids = self._parts, [new.id for new in made]
        if session is not None:
            return self._join(made, ids, session)
        refuse_open_transaction(parts.host_db, parts.database.engine)
        parts.backlog.admit(len(made))
        with parts.database.write() as conn:
            jobs.enqueue(conn, made)
        parts.host.submitted(ids)
        return self._snapshots(made)

    def _join(self, made: list[NewJob], ids: list[str], session: Any) -> list[Job]:
        parts = self._parts
        conn = connection_of(session, parts.database.engine)
        parts.backlog.admit(len(made))
        jobs.enqueue(conn, made)
        after_commit(session, lambda: parts.host.submitted(ids))
        return [queries.as_submitted(new) for new in made]

    def _snapshots(self, made: list[NewJob]) -> list[Job]:
        """As they were submitted; read again where the engine has run them already."""
        if self._parts.settings.engine != "inline":
            return [queries.as_submitted(new) for new in made]
        with self._parts.database.read() as conn:
            return queries.get_many(conn, [new.id for new in made])
