"""What a query returned a moment ago, for those who ask more often than it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from ..clock import Clock
from ..database.batching import Batcher, Request
from ..database.database import Database

T = TypeVar("T")


class CachedRead(Batcher[Request], Generic[T]):
    """Executes `query` at most once in `max_age` seconds; who asks while it is executed waits for its result.

    In an outage they all fail with it: one after the other, the last would wait for all before it.
    """

    work = "reading"

    def __init__(
        self, database: Database, clock: Clock, max_age: float, query: Callable[[Connection], T]
    ) -> None:
        super().__init__()
        self._database, self._clock, self._max_age, self._query = database, clock, max_age, query
        self._cached: tuple[T, float] | None = None

    def get(self) -> T:
        """What the query returned, at most `max_age` seconds ago. Raises DatabaseUnavailable."""
        cached = self._cached
        if cached is None or self._clock.monotonic() - cached[1] >= self._max_age:
            self.submit(Request())
            cached = self._cached
            assert cached is not None
        return cached[0]

    def forget(self) -> None:
        """It has changed: the next one who asks has it read again."""
        if (cached := self._cached) is not None:
            self._cached = cached[0], float("-inf")

    def serve(self, batch: list[Request]) -> None:
        """Execute the query for all who wait by its end."""
        moment = self._clock.monotonic()
        with self._database.read() as conn:
            self._cached = self._query(conn), moment
        batch += self.newcomers()
