"""Completion: runs end, by one set of statements for each verb, which takes all runs that end by it."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Insert, Integer, String, Text, Update, literal, select, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, JOBS
from ..database.transactions import AnyConnection
from ..run import Failure, Outcome, Run
from ..states import CANCELLED, FAILED, FINAL, QUEUED, RETRYING, RUNNING, SCHEDULED, SUCCEEDED
from . import counters, finals, logs, overruns, parking
from .counters import SHARED
from .events import insert_from
from .runs import limit_keys, owned_runs, record_progress

_J = JOBS.c
_A = ATTEMPTS.c
ENTERS: Final = {
    "succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED,
    "retrying": RETRYING, "snoozed": SCHEDULED, "released": QUEUED,
}  # fmt: skip
"""Verb → the state that a job enters by it."""
ROWS: Final = "runs"
"""The parameter of each statement: a list of what `row` makes."""
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "job_id": Id, "token": String(), "run_no": Integer(), "attempt_no": Integer(), "worker_id": Id,
    "started_at": Time, "finished_at": Time, "next_at": Time, "result": Text(), "error": Text(),
    "attempt_error": Text(), "reason": Text(),
}  # fmt: skip


def row(run: Run, verb: str, reason: str | None) -> tuple[Any, ...]:
    """One run that ended, for the statements of `verb`: the values of _COLUMNS."""
    outcome = run.outcome
    assert outcome is not None
    failure = outcome.failure
    return (
        run.job_id, run.token, run.number, run.attempt, run.worker,
        as_text(run.started_at), as_text(run.finished_at), as_text(_next_time(run, outcome, verb)),
        outcome.result, _job_error(failure), _attempt_error(failure),
        reason or (failure.type if failure else None),
    )  # fmt: skip


def _next_time(run: Run, outcome: Outcome, verb: str) -> datetime | None:
    if verb not in ("retrying", "snoozed"):
        return None
    assert run.finished_at is not None
    delay = outcome.retry_in if verb == "retrying" else outcome.delay
    return run.finished_at + timedelta(seconds=delay or 0.0)


def _end_runs(verb: str, dialect: Dialect) -> Update:
    """The jobs leave `running`, where the run still has its claim."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    mine = update(JOBS).where(_J.id == rows.job_id, unindexed(_J.state) == RUNNING, _J.claim == rows.token)
    return mine.values(
        state=ENTERS[verb], claim=None, started_at=rows.started_at, version=_J.version + 1,
        **_job_values(verb, rows),
    )  # fmt: skip


def _end_attempts(verb: str, dialect: Dialect) -> Update:
    """The rows of the runs, once: a rescue may have ended them as lost."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    mine = update(ATTEMPTS).where(_A.job_id == rows.job_id, _A.run == rows.run_no, _A.outcome.is_(None))
    return mine.values(
        outcome="failed" if verb == "retrying" else verb, started_at=rows.started_at,
        finished_at=rows.finished_at, error=rows.attempt_error,
    )  # fmt: skip


def _record_events(verb: str, dialect: Dialect) -> Insert:
    """An event for each."""
    rows = dialect.row_set(ROWS, _COLUMNS).c
    events = select(
        rows.job_id, rows.finished_at, literal(verb), literal(RUNNING), literal(ENTERS[verb]),
        rows.attempt_no, rows.worker_id, rows.reason,
    )  # fmt: skip
    return insert_from(events)


def _job_values(verb: str, rows: Any) -> dict[str, Any]:
    """What else `verb` writes to a job."""
    final = {"finished_at": rows.finished_at}
    later = {"run_at": rows.next_at, "wake_at": rows.next_at, "due": False}
    values: dict[str, dict[str, Any]] = {
        "succeeded": {"result": rows.result, "error": None, **final},
        "failed": {"error": rows.error, **final},
        "cancelled": final,
        "retrying": {"error": rows.error, **later},
        "snoozed": {"rerun": True, **later},
        "released": {"rerun": True, "due": True},
    }
    return values[verb]


def _job_error(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps({"type": failure.type, "message": failure.message})


def _attempt_error(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps(asdict(failure))


STATEMENTS: Final = {
    verb: tuple(
        Statement(functools.partial(make, verb)) for make in (_end_runs, _end_attempts, _record_events)
    )
    for verb in ENTERS
}
"""Verb → the statements that end the jobs' runs, end their attempts and record the events, in this order."""


class Completed(dict[tuple[str, int], str]):
    """The key of a run → the type of the event that ended it."""

    followers: Sequence[str] = ()
    """The jobs that were cancelled because they waited for one of those that ended."""


def complete(conn: AnyConnection, ended: Sequence[Run], worker: str = SHARED) -> Completed:
    """End the runs that have an outcome.

    Only those that still owned their job are in it; the others changed nothing. `worker` is the registered
    one in whose rows they are counted.
    """
    # Locked first: from here on neither a rescue nor a cancel request comes between decision and statement.
    owned = owned_runs(conn, ended)
    ours = [run for run in ended if (run.job_id, run.token) in owned]
    record_progress(conn, [(run, report) for run in ours if (report := run.unrecorded_progress())])
    logs.record(conn, [(run, batch) for run in ours if (batch := run.unrecorded_log())])
    overruns.record(conn, ours)
    verbs = Completed()
    ends: list[finals.Final] = []
    keys: list[str] = []
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    by_task: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in ours:
        seen = owned[run.job_id, run.token]
        verb, reason = _decide(run.outcome, seen.cancel_requested_at is not None)
        verbs[run.key] = verb
        # Looked at here, not below: most jobs have none of these, and a call for each would cost them.
        if (seen.awaited or seen.unique_key is not None) and (state := ENTERS[verb]) in FINAL:
            ends.append(finals.Final.of(seen, state))
        if seen.limit_key is not None or seen.queue_key is not None:
            keys += limit_keys(seen)
        by_task[run.task, verb].append(run)
        rows[verb].append(row(run, verb, reason))
    for verb, ended_by_verb in rows.items():
        values = {ROWS: as_json(ended_by_verb)}
        end_runs, end_attempts, record_events = STATEMENTS[verb]
        applied = end_runs.execute(conn, **values)
        assert applied == len(ended_by_verb), f"{verb}: a claim was lost under our lock"
        end_attempts.execute(conn, **values)
        record_events.execute(conn, **values)
    counters.add_runs(conn, by_task, worker)
    if ends or keys:
        moment = max(run.finished_at for run in ours if run.finished_at is not None)
        verbs.followers = finals.follow(conn, ends, moment)
        # Last: who waits for a key must hold nothing that its owner may wait for.
        parking.release(conn, keys, moment)
    return verbs


def _decide(outcome: Outcome | None, cancel_requested: bool) -> tuple[str, str | None]:
    """The verb for an outcome and its reason.

    A job that was asked to stop never goes on, and its success is not one.
    """
    assert outcome is not None
    verb = outcome.kind
    if verb == "failed" and outcome.retry_in is not None:
        verb = "retrying"
    if cancel_requested and verb != "failed":
        return "cancelled", outcome.reason or "cancelled on request"
    return verb, outcome.reason
