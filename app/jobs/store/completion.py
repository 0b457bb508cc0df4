"""The statements that end runs, one set for each verb; their rows are given (see `given`)."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Insert, Integer, String, Text, Update, insert, literal, select, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time, as_text
from ..database.prepared import Prepared
from ..database.row_sets import given, unindexed
from ..database.tables import ATTEMPTS, EVENTS, JOBS
from ..outcomes import Failure, Outcome
from ..run import Run
from ..states import CANCELLED, FAILED, QUEUED, RETRYING, RUNNING, SCHEDULED, SUCCEEDED

_J = JOBS.c
_A = ATTEMPTS.c
ENTERS: Final = {
    "succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED,
    "retrying": RETRYING, "snoozed": SCHEDULED, "released": QUEUED,
}  # fmt: skip
"""Verb → the state that a job enters by it."""
_EVENT: Final = ["job_id", "at", "type", "from_state", "to_state", "attempt", "worker", "reason"]
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "job_id": Id, "token": String(), "run_no": Integer(), "attempt_no": Integer(), "worker_id": Id,
    "began": Time, "ended": Time, "at": Time, "value": Text(), "failure": Text(), "whole": Text(),
    "why": Text(),
}  # fmt: skip


def row(run: Run, verb: str, reason: str | None) -> tuple[Any, ...]:
    """What the statements are given of one run that ended: the values of _COLUMNS."""
    outcome = run.outcome
    assert outcome is not None
    failure = outcome.failure
    return (
        run.job_id, run.token, run.number, run.attempt, run.worker,
        as_text(run.started_at), as_text(run.finished_at), as_text(_next_time(run, outcome, verb)),
        outcome.result, _short(failure), _whole(failure), reason or (failure.type if failure else None),
    )  # fmt: skip


def _next_time(run: Run, outcome: Outcome, verb: str) -> datetime | None:
    if verb not in ("retrying", "snoozed"):
        return None
    assert run.finished_at is not None
    delay = outcome.retry_in if verb == "retrying" else outcome.delay
    return run.finished_at + timedelta(seconds=delay or 0.0)


def _leave(verb: str, dialect: str) -> Update:
    """The jobs leave `running`."""
    rows = given(dialect, **_COLUMNS).c
    mine = update(JOBS).where(_J.id == rows.job_id, unindexed(_J.state) == RUNNING, _J.claim == rows.token)
    return mine.values(
        state=ENTERS[verb], claim=None, started_at=rows.began, version=_J.version + 1, **_left(verb, rows)
    )


def _close(verb: str, dialect: str) -> Update:
    """Their attempts are closed."""
    rows = given(dialect, **_COLUMNS).c
    mine = update(ATTEMPTS).where(_A.job_id == rows.job_id, _A.run == rows.run_no, _A.outcome.is_(None))
    return mine.values(
        outcome="failed" if verb == "retrying" else verb, started_at=rows.began, finished_at=rows.ended,
        error=rows.whole,
    )  # fmt: skip


def _note(verb: str, dialect: str) -> Insert:
    """Events tell of it."""
    rows = given(dialect, **_COLUMNS).c
    told = select(
        rows.job_id, rows.ended, literal(verb), literal(RUNNING), literal(ENTERS[verb]), rows.attempt_no,
        rows.worker_id, rows.why,
    )  # fmt: skip
    return insert(EVENTS).from_select(_EVENT, told)


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
    verb: tuple(Prepared(functools.partial(make, verb)) for make in (_leave, _close, _note))
    for verb in ENTERS
}
"""What ends runs by each verb: the jobs leave `running`, their attempts are closed, events tell of it."""
