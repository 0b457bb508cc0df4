"""Workers as rows: registered, alive by heartbeats, draining, deregistered or declared dead."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from ..database.statements import Statement
from ..database.tables import JOBS, STUCK_RUNS, WORKERS
from ..database.transactions import AnyConnection
from ..values import Worker
from . import stuck_runs
from .overruns import overdue_runs

_J = JOBS.c
_W = WORKERS.c
_BEAT = Statement(
    update(WORKERS)
    .where(_W.id == bindparam("worker_id"))
    .values(beat=_W.beat + 1, heartbeat_at=bindparam("now"))
)
_DEREGISTER = Statement(delete(WORKERS).where(_W.id == bindparam("worker_id")))


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
    tasks: tuple[str, ...]
    started_at: datetime
    app: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorker:
    """What a worker can run, how many threads are busy, and how many of them beyond a timeout.

    None for all queues, and for unknown tasks; those that are named are served in that order.
    """

    id: str
    threads: int
    busy: int
    overdue: int
    queues: tuple[str, ...] | None
    tasks: frozenset[str] | None
    app: str | None

    def serves(self, queue: str) -> bool:
        """Whether it claims from that queue."""
        return self.queues is None or queue in self.queues

    def knows(self, task: str) -> bool:
        """Whether it has that task, as far as that is known."""
        return self.tasks is None or task in self.tasks

    def runs_jobs_of(self, app: str | None) -> bool:
        """Whether it takes the jobs of that app: those of none are everybody's."""
        return app is None or app == self.app


def register(conn: Connection, worker: NewWorker) -> None:
    """Store the worker; without this row it cannot claim."""
    row = asdict(worker)
    row["queues"] = None if worker.queues is None else json.dumps(worker.queues)
    row["tasks"] = json.dumps(worker.tasks)
    row |= {"state": "running", "heartbeat_at": worker.started_at, "beat": 0}
    conn.execute(insert(WORKERS).values(**row))


def beat(conn: AnyConnection, worker_id: str, now: datetime) -> bool:
    """A sign of life. False where the worker was declared dead: it must register anew."""
    return _BEAT.execute(conn, worker_id=worker_id, now=now) == 1


def set_tasks(conn: Connection, worker_id: str, tasks: Sequence[str]) -> None:
    """The worker knows these tasks from now on."""
    conn.execute(update(WORKERS).where(_W.id == worker_id).values(tasks=json.dumps(tasks)))


def drain(conn: Connection, worker_id: str) -> None:
    """Show the worker as draining."""
    conn.execute(update(WORKERS).where(WORKERS.c.id == worker_id).values(state="draining"))


def deregister(conn: AnyConnection, worker_id: str) -> None:
    """The worker ended in order."""
    _DEREGISTER.execute(conn, worker_id=worker_id)
    stuck_runs.replace(conn, worker_id, ())


def declare_dead(conn: Connection, worker_id: str, beat: int) -> bool:
    """Declare a worker dead, unless it has given a sign of life since `beat`. Whether it is."""
    dead = delete(WORKERS).where(WORKERS.c.id == worker_id, WORKERS.c.beat == beat)
    if conn.execute(dead).rowcount != 1:
        return False
    stuck_runs.replace(conn, worker_id, ())
    return True


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


def live_workers(conn: Connection, since: datetime, now: datetime) -> Sequence[LiveWorker]:
    """The workers with a heartbeat after `since` that are not draining, as they are `now`."""
    busy = select(func.count()).where(_J.claim.is_not(None), _J.worker == _W.id).scalar_subquery()
    stuck = select(func.count()).where(STUCK_RUNS.c.worker == _W.id).scalar_subquery()
    found = select(
        _W.id, _W.threads, _W.queues, _W.tasks, _W.app, busy.label("busy"), stuck.label("stuck")
    )  # fmt: skip
    rows = conn.execute(found.where(_W.state == "running", _W.heartbeat_at > since)).all()
    overdue = Counter(run.worker for run in overdue_runs(conn, now)) if rows else Counter()
    return [_to_live(row, overdue[row.id]) for row in rows]


def _to_live(row: Any, overdue: int) -> LiveWorker:
    # As many stuck threads are replaced as the worker has; each one more is a thread less.
    lost = max(0, row.stuck - row.threads)
    return LiveWorker(
        id=row.id, threads=row.threads, busy=row.busy + lost, overdue=overdue + lost, app=row.app,
        queues=None if row.queues is None else tuple(json.loads(row.queues)),
        tasks=None if row.tasks is None else frozenset(json.loads(row.tasks)),
    )  # fmt: skip


def to_worker(row: Any, running: Sequence[str], stuck: int, leader: bool) -> Worker:
    """The frozen value of a row.

    `running` are the ids of its jobs, `stuck` counts its stuck threads, `leader`: it fires schedules.
    """
    names = ("id", "host", "pid", "engine", "state", "threads", "started_at", "heartbeat_at")
    return Worker(
        **{name: getattr(row, name) for name in names},
        queues=None if row.queues is None else tuple(json.loads(row.queues)),
        busy=len(running),
        running=tuple(running),
        stuck=stuck,
        leader=leader,
    )
