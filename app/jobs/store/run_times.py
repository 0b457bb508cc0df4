"""How long the latest runs of tasks took: from rows that are there, of which no more than some are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select

from ..database.tables import ATTEMPTS, JOBS

MOST_RUNS: Final = 100
"""Runs of a task that are returned, at most: the latest."""
ENOUGH: Final = 10
"""So many among the jobs that ended last will do; of a task with less its own jobs are looked at."""
MOST_TASKS: Final = 20
"""Tasks whose own jobs are looked at, at most."""
MOST_ENDED: Final = 1_000
"""Jobs that are read of those that ended last."""
MOST_OF_TASK: Final = 300
"""Jobs that are read of a task."""

_J = JOBS.c
_A = ATTEMPTS.c


def _runs_of(jobs: Select[Any]) -> Select[Any]:
    """The runs of these jobs that succeeded or failed."""
    # Of the job's row no more than what stands before its arguments, which may be large.
    found = jobs.subquery("found").c
    runs = select(found.task, _A.started_at, _A.finished_at).where(_A.job_id == found.id)
    return runs.where(_A.outcome.in_(("succeeded", "failed")), _A.started_at.is_not(None))


_ENDED_LAST = _runs_of(
    select(_J.id, _J.task)
    .where(_J.finished_at.is_not(None))
    .order_by(_J.finished_at.desc())
    .limit(bindparam("most"))
)
_OF_TASK = _runs_of(
    select(_J.id, _J.task)
    .where(_J.task == bindparam("of_task"), _J.id <= bindparam("last_id"))
    .order_by(_J.id.desc())
    .limit(bindparam("most"))
)


def latest(conn: Connection, tasks: Mapping[str, str]) -> dict[str, list[float]]:
    """The seconds of the latest runs of each task, MOST_RUNS at most; an empty list where none is known.

    They are looked for among the jobs that ended last, of whatever task. Where these tell little, the task's
    jobs are looked at from that id downwards: `tasks` names for each one that has not ended, behind which
    there may be any number of others.
    """
    found: dict[str, list[Any]] = {task: [] for task in tasks}
    for row in conn.execute(_ENDED_LAST, {"most": MOST_ENDED}):
        if row.task in found:
            found[row.task].append(row)
    for task in [task for task, runs in found.items() if len(runs) < ENOUGH][:MOST_TASKS]:
        runs = conn.execute(_OF_TASK, {"of_task": task, "last_id": tasks[task], "most": MOST_OF_TASK}).all()
        found[task] = max(found[task], list(runs), key=len)
    return {task: _seconds(runs) for task, runs in found.items()}


def _seconds(runs: Sequence[Any]) -> list[float]:
    newest = sorted(runs, key=lambda run: run.finished_at, reverse=True)[:MOST_RUNS]
    # Clocks of two machines: a run may seem to have ended before it began.
    return [max(0.0, (run.finished_at - run.started_at).total_seconds()) for run in newest]
