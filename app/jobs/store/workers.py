"""Workers as rows: signs of life, death certificates, and what becomes of a dead worker's jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from ..database.prepared import Prepared
from ..database.sqlite import Plain
from ..database.tables import ATTEMPTS, JOBS, WORKERS
from ..states import CANCELLED, FAILED, QUEUED, RUNNING
from ..values import Worker
from .events import event, record

_J = JOBS.c
_A = ATTEMPTS.c
_W = WORKERS.c
MOST_CRASHES: Final = 3
"""The crash with this number fails the job with WorkerLost."""

_BEAT = Prepared(
    update(WORKERS)
    .where(_W.id == bindparam("worker_id"))
    .values(beat=_W.beat + 1, heartbeat_at=bindparam("now"))
)
_REMOVE = Prepared(delete(WORKERS).where(_W.id == bindparam("worker_id")))
_ORPHAN = select(_J.id).where(_J.claim.is_not(None), _J.worker.not_in(select(_W.id))).limit(1)
_ORPHANS = (
    select(
        _J.id, _J.claim, _J.run, _J.attempt, _J.crashes, _J.on_interrupt, _J.worker, _J.cancel_requested_at
    )
    .where(_J.claim.is_not(None), _J.worker.not_in(select(_W.id)))
    .limit(bindparam("most"))
    .with_for_update(of=JOBS, skip_locked=True)
)
_ONE_CRASH = (
    update(JOBS)
    .where(_J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token"))
    .values(claim=None, crashes=_J.crashes + 1, version=_J.version + 1)
)
_RESCUE = {
    "rescued": _ONE_CRASH.values(state=QUEUED, due=true(), rerun=true()),
    "failed": _ONE_CRASH.values(state=FAILED, finished_at=bindparam("ended"), error=bindparam("failure")),
    "cancelled": _ONE_CRASH.values(state=CANCELLED, finished_at=bindparam("ended")),
}
_TARGET = {"rescued": QUEUED, "failed": FAILED, "cancelled": CANCELLED}
_LOST = (
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("id_of_job"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(outcome="lost", finished_at=bindparam("ended"), error=bindparam("failure"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorker:
    """A process that is about to run jobs, with the evidence by which its death can be proven.

    `boot_id`, `pid_namespace` and `process_start` are None where the system does not tell.
    """

    id: str
    host: str
    pid: int
    boot_id: str | None
    pid_namespace: str | None
    process_start: str | None
    engine: str
    threads: int
    queues: tuple[str, ...] | None
    started_at: datetime


def register(conn: Connection, worker: NewWorker) -> None:
    """Enter the worker; without this row it cannot claim."""
    row = asdict(worker)
    row["queues"] = None if worker.queues is None else json.dumps(worker.queues)
    row |= {"state": "running", "heartbeat_at": worker.started_at, "beat": 0}
    conn.execute(insert(WORKERS).values(**row))


def beat(conn: Plain | Connection, worker_id: str, now: datetime) -> bool:
    """A sign of life. False where the worker was declared dead: it must register anew."""
    return _BEAT.apply(conn, worker_id=worker_id, now=now) == 1


def drain(conn: Connection, worker_id: str) -> None:
    """Show the worker as draining."""
    conn.execute(update(WORKERS).where(WORKERS.c.id == worker_id).values(state="draining"))


def remove(conn: Plain | Connection, worker_id: str) -> None:
    """The worker ended in order."""
    _REMOVE.apply(conn, worker_id=worker_id)


def declare_dead(conn: Connection, worker_id: str, beat: int) -> bool:
    """Declare a worker dead, unless it has given a sign of life since `beat`. Whether it is."""
    dead = delete(WORKERS).where(WORKERS.c.id == worker_id, WORKERS.c.beat == beat)
    return conn.execute(dead).rowcount == 1


def all_workers(conn: Connection) -> Sequence[Any]:
    """Every worker's row, oldest first."""
    return conn.execute(select(WORKERS).order_by(_W.started_at, _W.id)).all()


def running_jobs(conn: Connection) -> dict[str, list[str]]:
    """The ids of the jobs that each worker runs."""
    found: dict[str, list[str]] = {}
    # Sorted here: for an ORDER BY SQLite would read the whole table in the order of its key.
    for row in sorted(conn.execute(select(_J.worker, _J.id).where(_J.claim.is_not(None)))):
        found.setdefault(row.worker, []).append(row.id)
    return found


def has_orphans(conn: Connection) -> bool:
    """Whether a running job's owner has no row; reads only."""
    return conn.execute(_ORPHAN).first() is not None


def rescue(conn: Connection, now: datetime, limit: int = 100) -> dict[str, str]:
    """Take up to `limit` running jobs from owners that have no row: id → what became of it.

    A crash spends no attempt; it is counted, and the third one fails the job with WorkerLost
    (so does the first one of a task that is at most once).
    """
    orphans = _still_orphans(conn, conn.execute(_ORPHANS, {"most": limit}).all())
    verbs = {row.id: _verb(row) for row in orphans}
    for verb, statement in _RESCUE.items():
        if rows := [_values(row, verb, now) for row in orphans if verbs[row.id] == verb]:
            applied = conn.execute(statement, rows).rowcount
            assert applied == len(rows), f"{verb}: an orphan changed under our lock"
    if orphans:
        lost = [{"id_of_job": r.id, "run_no": r.run, "ended": now, "failure": _failure(r)} for r in orphans]
        conn.execute(_LOST, lost)
        record(conn, (_event(row, verbs[row.id], now) for row in orphans))
    return verbs


def _still_orphans(conn: Connection, locked: Sequence[Any]) -> list[Any]:
    """Whose owners still have no row: a job may be claimed by a new worker while we wait for its lock."""
    owners = {row.worker for row in locked}
    alive = set(conn.scalars(select(_W.id).where(_W.id.in_(owners)))) if owners else set()
    return [row for row in locked if row.worker not in alive]


def _verb(row: Any) -> str:
    if row.on_interrupt == "fail" or row.crashes + 1 >= MOST_CRASHES:
        return "failed"
    return "cancelled" if row.cancel_requested_at is not None else "rescued"


def _values(row: Any, verb: str, now: datetime) -> dict[str, Any]:
    values = {"job_id": row.id, "token": row.claim}
    if verb != "rescued":
        values["ended"] = now
    if verb == "failed":
        values["failure"] = _failure(row)
    return values


def _event(row: Any, verb: str, now: datetime) -> dict[str, Any]:
    return event(row.id, now, verb, RUNNING, _TARGET[verb], row.attempt, row.worker, "WorkerLost")


def _failure(row: Any) -> str:
    message = f"worker {row.worker} died while it had claimed the job (crash {row.crashes + 1})"
    return json.dumps({"type": "WorkerLost", "message": message})


def to_worker(row: Any, running: Sequence[str]) -> Worker:
    """The frozen value of a row; `running` are the ids of its jobs."""
    names = ("id", "host", "pid", "engine", "state", "threads", "started_at", "heartbeat_at")
    return Worker(
        **{name: getattr(row, name) for name in names},
        queues=None if row.queues is None else tuple(json.loads(row.queues)),
        busy=len(running),
        running=tuple(running),
    )
