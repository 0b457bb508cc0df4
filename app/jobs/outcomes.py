"""How one run of a job ended: a value that a task may return, and the record that the store writes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Snooze:
    """Return it from a task to run again in `seconds`, under the same attempt number."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """Return it from a task to end the job as cancelled, with a reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as text that can be stored: its type's name, message and traceback."""

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run. `kind` is one of states.OUTCOMES.

    `result` is JSON text, for succeeded. `failure` and `retry_in` (seconds; None: no further attempt)
    belong to failed, `delay` (seconds) to snoozed, `reason` to cancelled and released. `cause` is the
    exception itself, for the teardowns of the host and an engine that may raise it in its caller.
    """

    kind: str
    result: str | None = None
    failure: Failure | None = None
    retry_in: float | None = None
    delay: float = 0.0
    reason: str | None = None
    cause: BaseException | None = field(default=None, compare=False, repr=False)
