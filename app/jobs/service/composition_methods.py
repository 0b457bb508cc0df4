"""The methods of `Simmer` for chains and batches: the use cases under the words of Python."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..job import Job
from ..tasks.signature import BatchSignature, Signature, chain_of
from ..values import Batch
from . import Runtime, Submissions


class Chain:
    """Signatures each of which waits for the one before, to be submitted, once or often."""

    def __init__(
        self, submissions: Callable[[], Submissions], parts: Sequence[Signature | BatchSignature]
    ) -> None:
        self._submissions, self._parts = submissions, chain_of(parts)

    def submit(self, *, session: Any = None) -> Job | Batch:
        """Submit all in one transaction; returns the last job, or batch. Raises as Simmer.submit."""
        return self._submissions().submit_chain(self._parts, session=session)


class SubmittableBatch(BatchSignature):
    """Signatures that are submitted together, once or often; or a step of a chain."""

    def __init__(
        self, submissions: Callable[[], Submissions], jobs: Iterable[Signature],
        on_done: Signature | None, on_success: Signature | None,
    ) -> None:  # fmt: skip
        super().__init__(jobs, on_done, on_success)
        self._submissions = submissions

    def submit(self, *, session: Any = None) -> Batch:
        """Submit all in one transaction, or none. Raises as Simmer.submit."""
        return self._submissions().submit_batch(self.alone(), session=session)[0]


class CompositionMethods:
    """Mixed into `Simmer`."""

    @property
    @abstractmethod
    def runtime(self) -> Runtime:
        """The runtime of the current app."""

    def chain(self, *parts: Signature | BatchSignature) -> Chain:
        """Jobs and batches one after the other: `jobs.chain(load.s(path="a"), clean.s(), save.s()).submit()`.

        Each waits for the success of the one before, and takes its result as the first argument without a
        value, or the one that `.s(into="name")` names. Raises InvalidArguments where there is none.
        """
        return Chain(lambda: self.runtime.submissions, parts)

    def batch(
        self, jobs: Iterable[Signature], *, on_done: Signature | None = None,
        on_success: Signature | None = None,
    ) -> SubmittableBatch:  # fmt: skip
        """Jobs side by side: `jobs.batch([resize.s(width=80), resize.s(width=160)], on_done=pack.s())`.

        `on_done` runs once, when all of them have ended; `on_success` once all have succeeded. An argument
        of theirs without a value takes the list of the results.
        """
        return SubmittableBatch(lambda: self.runtime.submissions, jobs, on_done, on_success)

    def get_batch(self, batch_id: str) -> Batch:
        """The batch as it is; raises BatchNotFound."""
        return self.runtime.batches.get(batch_id)

    def cancel_batch(self, batch_id: str, *, by: str | None = None) -> Batch:
        """Cancel the jobs of a batch, request that the running ones stop; raises BatchNotFound."""
        return self.runtime.batches.cancel(batch_id, by)

    def retry_batch(self, batch_id: str, *, by: str | None = None) -> Batch:
        """Queue the jobs of a batch that failed once more; raises BatchNotFound."""
        return self.runtime.batches.retry(batch_id, by)
