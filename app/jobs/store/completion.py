"""The statements that end runs, one set for each verb; their rows are given (see `given`)."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Insert, Integer, String, Text, Update, literal, select, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_text, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, JOBS
from ..outcomes import Failure, Outcome
from ..states import CANCELLED, FAILED, QUEUED, RETRYING, RUNNING, SCHEDULED, SUCCEEDED
from .claims import Claim
from .events import insert_from

_J = JOBS.c
_A = ATTEMPTS.c
ENTERS: Final = {
    "succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED,
    "retrying": RETRYING, "snoozed": SCHEDULED, "released": QUEUED,
}  # fmt: skip
"""Verb → the state that a job enters by it."""
ROWS: Final = "rows"
"""The parameter of the statements: rows of the values of _COLUMNS."""
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "job_id": Id, "token": String(), "run_no": Integer(), "attempt_no": Integer(), "worker_id": Id,
    "began": Time, "ended": Time, "at": Time, "value": Text(), "failure": Text(), "whole": Text(),
    "why": Text(),
}  # fmt: skip


ProgressSaid = tuple[float, float | None, str]
"""current, total and message, as a task said them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over. `started_at` is None where its task never began."""

    claim: Claim
    outcome: Outcome
    started_at: datetime | None
    finished_at: datetime
    progress: ProgressSaid | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a run: the event's type and the state that the job entered."""

    verb: str
    state: str
    reason: str | None = None


def row(end: Ended, settled: Settled) -> tuple[Any, ...]:
    """What the statements are given of one run: the values of _COLUMNS."""
    claim, outcome, failure = end.claim, end.outcome, end.outcome.failure
    return (
        claim.id, claim.token, claim.run, claim.attempt, claim.worker,
        as_text(end.started_at), as_text(end.finished_at), as_text(_next_time(end, settled.verb)),
        outcome.result, _short(failure), _whole(failure),
        settled.reason or (failure.type if failure else None),
    )  # fmt: skip


def _next_time(end: Ended, verb: str) -> datetime | None:
    if verb not in ("retrying", "snoozed"):
        return None
    delay = end.outcome.retry_in if verb == "retrying" else end.outcome.delay
    return end.finished_at + timedelta(seconds=delay or 0.0)


def _leave(verb: str, dialect: Dialect) -> Update:
    """The jobs leave `running`."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    mine = update(JOBS).where(_J.id == rows.job_id, unindexed(_J.state) == RUNNING, _J.claim == rows.token)
    return mine.values(
        state=ENTERS[verb], claim=None, started_at=rows.began, version=_J.version + 1, **_left(verb, rows)
    )


def _close(verb: str, dialect: Dialect) -> Update:
    """Their attempts are closed."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    mine = update(ATTEMPTS).where(_A.job_id == rows.job_id, _A.run == rows.run_no, _A.outcome.is_(None))
    return mine.values(
        outcome="failed" if verb == "retrying" else verb, started_at=rows.began, finished_at=rows.ended,
        error=rows.whole,
    )  # fmt: skip


def _note(verb: str, dialect: Dialect) -> Insert:
    """Events tell of it."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    told = select(
        rows.job_id, rows.ended, literal(verb), literal(RUNNING), literal(ENTERS[verb]), rows.attempt_no,
        rows.worker_id, rows.why,
    )  # fmt: skip
    return insert_from(told)


def _left(verb: str, rows: Any) -> dict[str, Any]:
    """What else `verb` writes to a job."""
    over = {"finished_at": rows.ended}
    again = {"run_at": rows.at, "wake_at": rows.at, "due": False}
    values: dict[str, dict[str, Any]] = {
        "succeeded": {"result": rows.value, "error": None, **over},
        "failed": {"error": rows.failure, **over},
        "cancelled": over,
        "retrying": {"error": rows.failure, **again},
        "snoozed": {"rerun": True, **again},
        "released": {"rerun": True, "due": True},
    }
    return values[verb]


def _short(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps({"type": failure.type, "message": failure.message})


def _whole(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps(asdict(failure))


STATEMENTS: Final = {
    verb: tuple(Statement(functools.partial(make, verb)) for make in (_leave, _close, _note))
    for verb in ENTERS
}
"""What ends runs by each verb: the jobs leave `running`, their attempts are closed, events tell of it."""
