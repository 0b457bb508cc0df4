"""Requests with an Idempotency-Key: what the first one made is given to those that repeat it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from ..clock import Clock
from ..database.database import Database
from ..database.statements import BoundStatement
from ..errors import IdempotencyConflict, IdempotencyGone, IdempotencyInFlight, ScheduleExists
from ..store import idempotency
from ..store.idempotency import RequestKey

T = TypeVar("T")
Remember = Callable[[str], list[BoundStatement]]
"""Returns the statements that enter the key for an id, to be committed with what has that id."""


class IdempotentRequests:
    """Lets one request with a key make something, in 24 hours."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._in_flight: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def once(
        self, key: RequestKey, find: Callable[[str], T | None], make: Callable[[Remember], T]
    ) -> tuple[T, bool]:
        """What `make` made for `key`, now or earlier, and whether it is a replay.

        `find` returns what has an id, None where it was deleted. Raises IdempotencyConflict for another
        fingerprint, IdempotencyGone where that was deleted, IdempotencyInFlight while the first request is
        being handled; and as `make`.
        """
        # For requests of this process only; between processes the unique key in the database decides.
        name = (key.scope, key.key)
        with self._lock:
            if name in self._in_flight:
                raise IdempotencyInFlight()
            self._in_flight.add(name)
        try:
            return self._once(key, find, make)
        finally:
            with self._lock:
                self._in_flight.discard(name)

    def _once(
        self, key: RequestKey, find: Callable[[str], T | None], make: Callable[[Remember], T]
    ) -> tuple[T, bool]:
        if (first := self._first(key, find)) is not None:
            return first, True
        now, dialect = self._clock.now(), self._database.dialect
        try:
            return make(lambda id: idempotency.bind_remember(dialect, key, id, now)), False
        except (IntegrityError, ScheduleExists):  # another process was first
            if (first := self._first(key, find)) is not None:
                return first, True
            raise

    def _first(self, key: RequestKey, find: Callable[[str], T | None]) -> T | None:
        """What the first request with `key` made, or None where there was none."""
        with self._database.read() as conn:
            known = idempotency.find(conn, key, self._clock.now())
        if known is None:
            return None
        if known.fingerprint != key.fingerprint:
            raise IdempotencyConflict()
        found = find(known.resource_id)
        if found is None:
            raise IdempotencyGone()
        return found
