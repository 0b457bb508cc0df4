"""What a run may write, all of it fenced by the token of its claim: begin, progress, and its end."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, select, update

from ..models import ATTEMPTS, JOBS
from ..outcomes import Outcome
from ..states import RUNNING
from .claims import Claim
from .endings import ENTERS, Ended, ProgressSaid, Settled, row, statements
from .given import as_given, given_ids, unindexed

_J = JOBS.c
_A = ATTEMPTS.c


def _fenced(**values: Any) -> Update:
    """An update of a running job that only the owner of the claim `token` can make."""
    mine = update(JOBS).where(
        _J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token")
    )
    return mine.values(version=_J.version + 1, **values)


_BEGIN = _fenced(started_at=bindparam("began"))
_BEGIN_ATTEMPT = (
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("id_of_job"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(started_at=bindparam("began"))
)
_PROGRESS = _fenced(progress=bindparam("said"))
_ASKED = select(_J.id).where(
    _J.id.in_(bindparam("ids", expanding=True)), _J.state == RUNNING, _J.cancel_requested_at.is_not(None)
)
_MINE = select(JOBS).where(_J.worker == bindparam("worker_id"), _J.claim.is_not(None))


def held(conn: Connection, claims: Iterable[Claim]) -> dict[tuple[str, str], bool]:
    """Who owns the jobs of the claims, under lock: (id, token) → whether cancelling was requested."""
    ids = {claim.id for claim in claims}
    rows = conn.execute(_held(conn.dialect.name), as_given((id,) for id in ids)).all() if ids else ()
    return {(id, token): asked is not None for id, token, asked in rows}


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
    by_verb: dict[str, list[Ended]] = defaultdict(list)
    for end in ours:
        by_verb[settled[end.claim.id].verb].append(end)
    for verb, those in by_verb.items():
        rows = as_given(row(end, settled[end.claim.id]) for end in those)
        leave, close, note = statements(conn.dialect.name, verb)
        applied = conn.execute(leave, rows).rowcount
        assert applied == len(those), f"{verb}: a claim was lost under our lock"
        conn.execute(close, rows)
        conn.execute(note, rows)
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
    return Settled(verb, ENTERS[verb], reason)


@functools.cache
def _held(dialect: str) -> Select[Any]:
    found = select(_J.id, _J.claim, _J.cancel_requested_at).where(_J.id.in_(given_ids(dialect)))
    return found.where(unindexed(_J.state) == RUNNING).with_for_update()
