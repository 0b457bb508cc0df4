"""What a run may write, all of it fenced by the token of its claim: begin, progress, and its end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from ..database.row_sets import as_json, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, JOBS
from ..database.transactions import AnyConnection
from ..outcomes import Outcome
from ..states import RUNNING
from .claims import Claim
from .completion import ENTERS, ROWS, STATEMENTS, Ended, ProgressSaid, Settled, row

_J = JOBS.c
_A = ATTEMPTS.c


def _fenced(**values: Any) -> Update:
    """An update of a running job that only the owner of the claim `token` can make."""
    mine = update(JOBS).where(
        _J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token")
    )
    return mine.values(version=_J.version + 1, **values)


_BEGIN = Statement(_fenced(started_at=bindparam("began")))
_BEGIN_ATTEMPT = Statement(
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("job_id"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(started_at=bindparam("began"))
)
_PROGRESS = Statement(_fenced(progress=bindparam("said")))
_ASKED = Statement(
    lambda dialect: select(_J.id).where(
        _J.id.in_(dialect.texts("ids")),
        unindexed(_J.state) == RUNNING,
        _J.cancel_requested_at.is_not(None),
    )
)
_MINE = Statement(
    select(
        _J.id, _J.task, _J.queue, _J.args, _J.attempt, _J.max_attempts, _J.timeout, _J.run, _J.worker,
        _J.claim.label("token"), _J.claimed_at,
    ).where(_J.worker == bindparam("worker_id"), _J.claim.is_not(None))
)  # fmt: skip
_HELD = Statement(
    lambda dialect: (
        select(_J.id, _J.claim, _J.cancel_requested_at)
        .where(_J.id.in_(dialect.texts("ids")), unindexed(_J.state) == RUNNING)
        .with_for_update()
    )
)


def held(conn: AnyConnection, claims: Iterable[Claim]) -> dict[tuple[str, str], bool]:
    """Who owns the jobs of the claims, under lock: (id, token) → whether cancelling was requested."""
    ids = {claim.id for claim in claims}
    rows = _HELD.rows(conn, ids=as_json(ids)) if ids else ()
    return {(id, token): asked is not None for id, token, asked in rows}


def cancel_requested(conn: AnyConnection, job_ids: Sequence[str]) -> list[str]:
    """Those of the running jobs that were asked to stop."""
    return [row.id for row in _ASKED.rows(conn, ids=as_json(job_ids))] if job_ids else []


def strays(conn: AnyConnection, worker: str, is_known: Callable[[str, int], bool]) -> list[Claim]:
    """Claims of `worker` on runs (job, number) that it does not know of: their commit's answer was lost."""
    found = [Claim(**row._asdict()) for row in _MINE.rows(conn, worker_id=worker)]
    return [claim for claim in found if not is_known(claim.id, claim.run)]


def begin(conn: AnyConnection, begun: Iterable[tuple[Claim, datetime]]) -> None:
    """Note when the tasks began."""
    for claim, at in begun:
        _BEGIN.execute(conn, job_id=claim.id, token=claim.token, began=at)
        _BEGIN_ATTEMPT.execute(conn, job_id=claim.id, run_no=claim.run, began=at)


def progress(conn: AnyConnection, said: Iterable[tuple[Claim, ProgressSaid]]) -> None:
    """Store the last progress of each run."""
    for claim, progress in said:
        _PROGRESS.execute(conn, job_id=claim.id, token=claim.token, said=json.dumps(progress))


def settle(conn: AnyConnection, ended: Sequence[Ended]) -> dict[str, Settled]:
    """End the runs. The answer has those, by id, that still owned their job; the others changed nothing."""
    owned = held(conn, (end.claim for end in ended))
    ours = [end for end in ended if _owner(end) in owned]
    settled = {end.claim.id: _decide(end.outcome, owned[_owner(end)]) for end in ours}
    progress(conn, [(end.claim, end.progress) for end in ours if end.progress is not None])
    by_verb: dict[str, list[Ended]] = defaultdict(list)
    for end in ours:
        by_verb[settled[end.claim.id].verb].append(end)
    for verb, those in by_verb.items():
        values = {ROWS: as_json(row(end, settled[end.claim.id]) for end in those)}
        leave, close, note = STATEMENTS[verb]
        applied = leave.execute(conn, **values)
        assert applied == len(those), f"{verb}: a claim was lost under our lock"
        close.execute(conn, **values)
        note.execute(conn, **values)
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
