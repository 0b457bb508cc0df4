"""What a run may write, all of it fenced by the token of its claim: its start and its progress."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Sequence
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from ..database.row_sets import as_json, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, JOBS
from ..database.transactions import AnyConnection
from ..run import ProgressReport, Run
from ..states import RUNNING

_J = JOBS.c
_A = ATTEMPTS.c


def _fenced(**values: Any) -> Update:
    """An update of a running job that only the owner of the claim `token` can make."""
    mine = update(JOBS).where(
        _J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token")
    )
    return mine.values(version=_J.version + 1, **values)


_START = Statement(_fenced(started_at=bindparam("started_at")))
_START_ATTEMPT = Statement(
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("job_id"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(started_at=bindparam("started_at"))
)
_PROGRESS = Statement(_fenced(progress=bindparam("report")))
_CANCEL_REQUESTED = Statement(
    lambda dialect: select(_J.id).where(
        _J.id.in_(dialect.texts("ids")),
        unindexed(_J.state) == RUNNING,
        _J.cancel_requested_at.is_not(None),
    )
)
_RUNS_OF_WORKER = Statement(
    select(
        _J.id.label("job_id"), _J.task, _J.queue, _J.args, _J.attempt, _J.max_attempts, _J.timeout,
        _J.run.label("number"), _J.worker, _J.claim.label("token"), _J.claimed_at, _J.run_at,
        _J.crashes,
    ).where(_J.worker == bindparam("worker_id"), _J.claim.is_not(None))
)  # fmt: skip
_OWNED = Statement(
    lambda dialect: (
        select(
            _J.id,
            _J.claim,
            _J.cancel_requested_at,
            _J.limit_key,
            _J.queue_key,
            _J.unique_key,
            _J.awaited,
            _J.batch_id,
        )
        .where(_J.id.in_(dialect.texts("ids")), unindexed(_J.state) == RUNNING)
        .order_by(_J.id)  # as those lock them who submit what depends on several
        .with_for_update()
    )
)


def owned_runs(conn: AnyConnection, runs: Iterable[Run]) -> dict[tuple[str, str], Any]:
    """Who owns the jobs of the runs, under lock: (job, token) → the row, whose columns _OWNED has."""
    ids = {run.job_id for run in runs}
    rows = _OWNED.rows(conn, ids=as_json(ids)) if ids else ()
    return {(row.id, row.claim): row for row in rows}


def limit_keys(row: Any) -> list[str]:
    """The keys of limits that a running job counts against, from its row."""
    return [key for key in (row.limit_key, row.queue_key) if key is not None]


def cancel_requested(conn: AnyConnection, job_ids: Sequence[str]) -> list[str]:
    """Those of the running jobs that were asked to stop."""
    return [row.id for row in _CANCEL_REQUESTED.rows(conn, ids=as_json(job_ids))] if job_ids else []


def unknown_runs(conn: AnyConnection, worker: str, known: Container[tuple[str, int]]) -> list[Run]:
    """Runs of `worker` whose keys it does not know: the answer to the commit that claimed them was lost."""
    found = [Run(**row._asdict()) for row in _RUNS_OF_WORKER.rows(conn, worker_id=worker)]
    return [run for run in found if run.key not in known]


def record_starts(conn: AnyConnection, runs: Iterable[Run]) -> None:
    """Store when the tasks began."""
    for run in runs:
        _START.execute(conn, job_id=run.job_id, token=run.token, started_at=run.started_at)
        _START_ATTEMPT.execute(conn, job_id=run.job_id, run_no=run.number, started_at=run.started_at)


def record_progress(conn: AnyConnection, reports: Iterable[tuple[Run, ProgressReport]]) -> None:
    """Store the latest progress of each run."""
    for run, report in reports:
        _PROGRESS.execute(conn, job_id=run.job_id, token=run.token, report=json.dumps(report))
