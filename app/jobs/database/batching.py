"""Leader and followers: requests that threads make at the same moment are done as one batch.

The first thread leads: it does the work for all who wait by then, wakes them, and leaves the lead to the
first of those who came meanwhile. One that comes alone leads at once and wakes nobody.
"""

from __future__ import annotations

import threading
from typing import ClassVar, Generic, TypeVar

from ..errors import DatabaseUnavailable
from .dialect import LOCK_WAIT


class Request:
    """What one thread asks for, and the error that it got, if any."""

    __slots__ = ("error", "is_leader", "waiting")

    waiting: threading.Lock
    """A follower's: held until it was served or is to lead; an Event costs twice as much."""

    def __init__(self) -> None:
        self.is_leader = False
        self.error: Exception | None = None

    def fail(self, error: Exception, cause: BaseException) -> None:
        """It was not served; each has an exception of its own to raise."""
        error.__cause__ = cause
        self.error = error


R = TypeVar("R", bound=Request)


class Batcher(Generic[R]):
    """Batches the requests of the threads of one process."""

    work: ClassVar[str]
    """What the others have been doing, where one had to wait too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[R] = []
        self._has_leader = False

    def serve(self, batch: list[R]) -> None:
        """Do the work for the batch, and the `newcomers` that are added; they get what it raises."""
        raise NotImplementedError

    def on_error(self, batch: list[R], error: Exception) -> None:
        """The work could not be done, and not because the database was away."""
        for request in batch:
            request.error = error

    def newcomers(self) -> list[R]:
        """The requests that wait by now."""
        with self._lock:
            newcomers, self._queue = self._queue, []
        return newcomers

    @property
    def queued(self) -> int:
        """How many requests wait for the next batch."""
        return len(self._queue)

    def submit(self, request: R) -> None:
        """Return once `request` was served; raises its error, DatabaseUnavailable after LOCK_WAIT seconds."""
        if self._leads_at_once(request) or self._leads_later(request):
            self._lead(request)
        if request.error is not None:
            raise request.error

    def _leads_at_once(self, request: R) -> bool:
        with self._lock:
            if not self._has_leader:
                self._has_leader = True
                return True
            request.waiting = threading.Lock()
            request.waiting.acquire()
            self._queue.append(request)
            return False

    def _leads_later(self, request: R) -> bool:
        """Wait until it was served, or has the lead: whether it has."""
        is_over = False
        try:
            is_over = request.waiting.acquire(timeout=LOCK_WAIT)
        finally:
            if not is_over:  # too late, or an exception such as KeyboardInterrupt
                self._withdraw(request)
        return request.is_leader

    def _withdraw(self, request: R) -> None:
        reason = f"others have been {self.work} for {LOCK_WAIT:g} s"
        request.error = DatabaseUnavailable(reason, reason)
        with self._lock:
            if request in self._queue:
                self._queue.remove(request)
            if request.is_leader:  # made so just now: the lead must not be lost
                request.is_leader = False
                self._pass_on()

    def _lead(self, request: R) -> None:
        batch = [request]
        try:
            self._serve(batch)
        finally:
            with self._lock:
                self._pass_on()
            for follower in batch[1:]:
                follower.waiting.release()

    def _serve(self, batch: list[R]) -> None:
        try:
            self.serve(batch)
        except DatabaseUnavailable as error:
            # Whoever came meanwhile need not try: it was away for as long as they have been waiting.
            batch += self.newcomers()
            for request in batch:
                request.fail(type(error)(str(error), error.reason), error)
        except Exception as error:
            self.on_error(batch, error)
        except BaseException as error:
            for request in batch:
                request.fail(DatabaseUnavailable(f"{self.work} was interrupted"), error)
            raise

    def _pass_on(self) -> None:
        self._has_leader = bool(self._queue)
        if self._queue:
            following = self._queue.pop(0)
            following.is_leader = True
            following.waiting.release()
