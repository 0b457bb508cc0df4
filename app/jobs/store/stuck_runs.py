"""Runs that were ended while their threads go on: known to every process, until the threads end.

A limit of what may run at a time counts them beside the jobs that are running: each still does its work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from ..database.statements import InsertStatement, Statement
from ..database.supported import dialect_of
from ..database.tables import STUCK_RUNS
from ..database.transactions import AnyConnection
from ..run import Run

_S = STUCK_RUNS.c
_INSERT: Final = InsertStatement(STUCK_RUNS, "worker", "job_id", "run", "task", "since")
_DELETE: Final = Statement(delete(STUCK_RUNS).where(_S.worker == bindparam("worker_id")))


def replace(conn: AnyConnection, worker: str, runs: Iterable[Run]) -> None:
    """Store which runs of `worker` are stuck; `finished_at` of each is when it was ended."""
    _DELETE.execute(conn, worker_id=worker)
    time = dialect_of(conn).to_driver
    if rows := [(worker, run.job_id, run.number, run.task, time(run.finished_at)) for run in runs]:
        _INSERT.execute_rows(conn, rows)


def count_by_worker(conn: Connection) -> Counter[str]:
    """How many threads of each worker are in such runs."""
    found = conn.execute(select(_S.worker, func.count().label("runs")).group_by(_S.worker))
    return Counter({row.worker: row.runs for row in found})
