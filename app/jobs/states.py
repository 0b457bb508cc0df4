"""The state machine of a job, as data: `docs/state-machine.md` draws it, a test compares the two."""

from __future__ import annotations

from typing import Final, Literal

SCHEDULED: Final = "scheduled"
WAITING: Final = "waiting"
QUEUED: Final = "queued"
RUNNING: Final = "running"
RETRYING: Final = "retrying"
SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"

State = Literal[
    "scheduled", "waiting", "queued", "running", "retrying", "succeeded", "failed", "cancelled"
]  # fmt: skip
STATES: Final[tuple[State, ...]] = (
    SCHEDULED,
    WAITING,
    QUEUED,
    RUNNING,
    RETRYING,
    SUCCEEDED,
    FAILED,
    CANCELLED,
)
FINAL: Final = (SUCCEEDED, FAILED, CANCELLED)
CLAIMABLE: Final = (SCHEDULED, QUEUED, RETRYING)
"""A job in one of these states is claimed as soon as its time has come."""
CANCELLABLE: Final = (*CLAIMABLE, WAITING)
"""A job in one of these states is cancelled at once; a running one is asked."""

EDITABLE: Final = (SCHEDULED, QUEUED)
"""A job in one of these states can be changed, or replaced by a later submission, until its first attempt."""

TRANSITIONS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "submitted": ((), (SCHEDULED, QUEUED, WAITING)),
    "unblocked": ((WAITING,), (SCHEDULED, QUEUED)),
    "edited": (EDITABLE, EDITABLE),
    "replaced": (EDITABLE, EDITABLE),
    "claimed": (CLAIMABLE, (RUNNING,)),
    "succeeded": ((RUNNING,), (SUCCEEDED,)),
    "failed": ((RUNNING,), (FAILED,)),
    "retrying": ((RUNNING,), (RETRYING,)),
    "snoozed": ((RUNNING,), (SCHEDULED,)),
    "released": ((RUNNING,), (QUEUED,)),
    "rescued": ((RUNNING,), (QUEUED,)),
    "cancel_requested": ((RUNNING,), (RUNNING,)),
    "cancelled": ((*CANCELLABLE, RUNNING), (CANCELLED,)),
    "retried": (FINAL, (QUEUED,)),
    "restored": ((CANCELLED,), (WAITING,)),
}
"""Event type → (states it leaves, states it enters). Each is one guarded statement in `store`."""

OVERRAN: Final = "overran"
"""The type of an event that moves nothing: a running job's run ended beyond its timeout."""

OUTCOMES: Final = ("succeeded", "failed", "snoozed", "released", "lost", "cancelled")
"""How a run (one claim) can end; a row of `attempts` without one is still running."""


def is_final(state: str) -> bool:
    """Whether a job in `state` stays there unless an operator retries it."""
    return state in FINAL
