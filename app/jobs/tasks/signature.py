"""`task.s(…)`, and what is made of signatures: chains, and batches with those that wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..errors import InvalidArguments, problem
from ..options import SubmitOptions
from .registry import TaskDefinition
from .submission import BatchSubmission, Submission

FREE: Final = "*"
"""In place of a name: the first argument that has no value."""


class Signature:
    """A task with arguments and options, to become a job of a chain or of a batch.

    `into` names the argument that takes the result of what it waits for; None: no argument does.
    """

    def __init__(
        self, definition: TaskDefinition, args: Mapping[str, Any], options: SubmitOptions, into: str | None
    ) -> None:
        self._definition, self._args, self._options, self._into = definition, args, options, into
        if into is not None and into != FREE:
            self._check(into)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._args.items())
        return f"{self._definition.name}.s({given})"

    def alone(self) -> Submission:
        """As one that waits for nothing; raises InvalidArguments where an argument is to take a result."""
        if self._into not in (None, FREE):
            raise self._refusal(
                f"into={self._into!r}, but it comes after nothing whose result there would be"
            )
        return self._submission(None)

    def after(self) -> Submission:
        """As one that takes the result of what it waits for; raises InvalidArguments for no argument."""
        if self._into != FREE:
            return self._submission(self._into)
        free, needed = self._free()
        if not free:
            raise self._refusal("no argument is left to take the result of the one before: give into=None")
        return self._submission((needed or free)[0])

    def callback(self) -> Submission:
        """As `after`, but what needs no result need not take it."""
        if self._into != FREE:
            return self._submission(self._into)
        _, needed = self._free()
        return self._submission(needed[0] if needed else None)

    def _free(self) -> tuple[Sequence[str], Sequence[str]]:
        """The arguments without a value, and those of them that need one, which is one at most."""
        required = self._definition.arguments.required
        free = [name for name in required if name not in self._args]
        needed = [name for name in free if required[name]]
        if len(needed) > 1:
            raise self._refusal(
                f"{', '.join(needed)} have no value: give all but one, which takes the result"
            )
        return free, needed

    def _submission(self, into: str | None) -> Submission:
        return Submission(self._definition.name, self._args, self._options, into)

    def _check(self, into: str) -> None:
        if not self._definition.arguments.takes(into):
            raise self._refusal(f"there is no argument {into!r} to take a result")
        if into in self._args:
            raise self._refusal(f"the argument {into!r} has a value: it cannot take a result")

    def _refusal(self, words: str) -> InvalidArguments:
        return InvalidArguments([problem("#/args", words)], f"{self}: {words}")


class BatchSignature:
    """Signatures that are submitted together, and what waits for them; also a step of a chain."""

    def __init__(
        self, jobs: Iterable[Signature], on_done: Signature | None, on_success: Signature | None
    ) -> None:
        self._jobs = [_signature(each, "jobs.batch takes") for each in jobs]
        callbacks = {"on_done": on_done, "on_success": on_success}
        self._callbacks = {
            name: None if each is None else _signature(each, f"{name}= takes").callback()
            for name, each in callbacks.items()
        }

    def alone(self) -> BatchSubmission:
        """Its jobs wait for nothing; raises InvalidArguments as a signature does."""
        return BatchSubmission([each.alone() for each in self._jobs], **self._callbacks)

    def after(self) -> BatchSubmission:
        """Each of its jobs takes the result of what the batch waits for; raises as a signature does."""
        return BatchSubmission([each.after() for each in self._jobs], **self._callbacks)


def chain_of(parts: Sequence[Signature | BatchSignature]) -> list[Submission | BatchSubmission]:
    """Each but the first takes the result of the one before. Raises InvalidArguments, TypeError."""
    if not parts:
        raise TypeError("jobs.chain takes signatures, and was given none")
    first, *others = [
        each if isinstance(each, BatchSignature) else _signature(each, "jobs.chain takes") for each in parts
    ]
    return [first.alone(), *(each.after() for each in others)]


def _signature(value: Any, takes: str) -> Signature:
    if isinstance(value, Signature):
        return value
    raise TypeError(f"{takes} signatures, task.s(…), and not {value!r}")
