"""What a run may write, all of it fenced by the token of its claim: begin, progress, and its end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Update, bindparam, select, update

from ..models import ATTEMPTS, JOBS
from ..outcomes import Failure, Outcome
from ..states import CANCELLED, FAILED, QUEUED, RETRYING, RUNNING, SCHEDULED, SUCCEEDED
from .claims import Claim
from .events import event, record

_J = JOBS.c
_A = ATTEMPTS.c


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


def _fenced(**values: Any) -> Update:
    """An update of a running job that only the owner of the claim `token` can make."""
    mine = update(JOBS).where(
        _J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token")
    )
    return mine.values(version=_J.version + 1, **values)


def _ends(state: str, **values: Any) -> Update:
    return _fenced(state=state, claim=None, started_at=bindparam("began"), **values)


_over: dict[str, Any] = {"finished_at": bindparam("ended")}
_again: dict[str, Any] = {"run_at": bindparam("at"), "wake_at": bindparam("at"), "due": False}
_STATEMENTS: Final[dict[str, Update]] = {
    "succeeded": _ends(SUCCEEDED, result=bindparam("value"), error=None, **_over),
    "failed": _ends(FAILED, error=bindparam("failure"), **_over),
    "cancelled": _ends(CANCELLED, **_over),
    "retrying": _ends(RETRYING, error=bindparam("failure"), **_again),
    "snoozed": _ends(SCHEDULED, rerun=True, **_again),
    "released": _ends(QUEUED, rerun=True, due=True),
}
_ENTERS: Final = {
    "succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED,
    "retrying": RETRYING, "snoozed": SCHEDULED, "released": QUEUED,
}  # fmt: skip
_BEGIN = _fenced(started_at=bindparam("began"))
_BEGIN_ATTEMPT = (
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("id_of_job"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(started_at=bindparam("began"))
)
_END_ATTEMPT = _BEGIN_ATTEMPT.values(
    outcome=bindparam("how"), finished_at=bindparam("ended"), error=bindparam("failure")
)
_PROGRESS = _fenced(progress=bindparam("said"))
_HELD = (
    select(_J.id, _J.claim, _J.cancel_requested_at)
    .where(_J.id.in_(bindparam("ids", expanding=True)), _J.state == RUNNING)
    .with_for_update()
)

_ASKED = select(_J.id).where(
    _J.id.in_(bindparam("ids", expanding=True)), _J.state == RUNNING, _J.cancel_requested_at.is_not(None)
)
_MINE = select(JOBS).where(_J.worker == bindparam("worker_id"), _J.claim.is_not(None))


def held(conn: Connection, claims: Iterable[Claim]) -> dict[tuple[str, str], bool]:
    """Who owns the jobs of the claims, under lock: (id, token) → whether cancelling was requested."""
    ids = {claim.id for claim in claims}
    rows = conn.execute(_HELD, {"ids": list(ids)}) if ids else ()
    return {(row.id, row.claim): row.cancel_requested_at is not None for row in rows}


def cancel_requested(conn: Connection, job_ids: Sequence[str]) -> list[str]:
    """Those of the running jobs that were asked to stop."""
    return list(conn.scalars(_ASKED, {"ids": job_ids})) if job_ids else []


def strays(conn: Connection, worker: str, is_known: Callable[[str, int], bool]) -> list[Claim]:
    """Claims of `worker` on runs (job, number) that it does not know of: their commit's answer was lost."""
    return [
        Claim(
            r.id,
            r.task,
            r.queue,
            r.args,
            r.attempt,
            r.max_attempts,
            r.timeout,
            r.run,
            worker,
            r.claim,
            r.claimed_at,
        )
        for r in conn.execute(_MINE, {"worker_id": worker})
        if not is_known(r.id, r.run)
    ]


def begin(conn: Connection, begun: Sequence[tuple[Claim, datetime]]) -> None:
    """Note when the tasks began."""
    if begun:
        conn.execute(_BEGIN, [{"job_id": c.id, "token": c.token, "began": at} for c, at in begun])
        rows = [{"id_of_job": c.id, "run_no": c.run, "began": at} for c, at in begun]
        conn.execute(_BEGIN_ATTEMPT, rows)


def progress(conn: Connection, said: Sequence[tuple[Claim, ProgressSaid]]) -> None:
    """Store the last progress of each run."""
    if said:
        conn.execute(
            _PROGRESS,
            [{"job_id": c.id, "token": c.token, "said": json.dumps(progress)} for c, progress in said],
        )


def settle(conn: Connection, ended: Sequence[Ended]) -> dict[str, Settled]:
    """End the runs. The answer has those, by id, that still owned their job; the others changed nothing."""
    owned = held(conn, (end.claim for end in ended))
    ours = [end for end in ended if _owner(end) in owned]
    settled = {end.claim.id: _decide(end.outcome, owned[_owner(end)]) for end in ours}
    progress(conn, [(end.claim, end.progress) for end in ours if end.progress is not None])
    by_verb: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for end in ours:
        by_verb[settled[end.claim.id].verb].append(_values(end, settled[end.claim.id].verb))
    for verb, rows in by_verb.items():
        applied = conn.execute(_STATEMENTS[verb], rows).rowcount
        assert applied == len(rows), f"{verb}: a claim was lost under our lock"
    if ours:
        conn.execute(_END_ATTEMPT, [_attempt_values(end, settled[end.claim.id].verb) for end in ours])
        record(conn, (_event(end, settled[end.claim.id]) for end in ours))
    return settled


def _owner(end: Ended) -> tuple[str, str]:
    return end.claim.id, end.claim.token


def _decide(outcome: Outcome, cancel_requested: bool) -> Settled:
    """The verb for an outcome. A job that was asked to stop never goes on, and its success is not one."""
    verb = outcome.kind
    if verb == "failed" and outcome.retry_in is not None:
        verb = "retrying"
    reason = outcome.reason
    if cancel_requested and verb != "failed":
        verb, reason = "cancelled", reason or "cancelled on request"
    return Settled(verb, _ENTERS[verb], reason)


def _values(end: Ended, verb: str) -> dict[str, Any]:
    """The values of the verb's statement, and no others."""
    outcome = end.outcome
    values = {"job_id": end.claim.id, "token": end.claim.token, "began": end.started_at}
    if verb in ("succeeded", "failed", "cancelled"):
        values["ended"] = end.finished_at
    if verb == "succeeded":
        values["value"] = outcome.result
    if verb in ("failed", "retrying"):
        values["failure"] = _short(outcome.failure)
    if verb in ("retrying", "snoozed"):
        delay = outcome.retry_in if verb == "retrying" else outcome.delay
        values["at"] = end.finished_at + timedelta(seconds=delay or 0.0)
    return values


def _attempt_values(end: Ended, verb: str) -> dict[str, Any]:
    return {
        "id_of_job": end.claim.id,
        "run_no": end.claim.run,
        "began": end.started_at,
        "ended": end.finished_at,
        "how": "failed" if verb == "retrying" else verb,
        "failure": _whole(end.outcome.failure),
    }


def _event(end: Ended, settled: Settled) -> dict[str, Any]:
    failure = end.outcome.failure
    reason = settled.reason or (failure.type if failure else None)
    claim = end.claim
    return event(
        claim.id, end.finished_at, settled.verb, RUNNING, settled.state, claim.attempt, claim.worker, reason
    )


def _short(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps({"type": failure.type, "message": failure.message})


def _whole(failure: Failure | None) -> str | None:
    return None if failure is None else json.dumps(asdict(failure))
