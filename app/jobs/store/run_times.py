"""How long the latest runs of tasks took: from rows that are there, of which no more than some are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from ..database.tables import JOBS
from ..states import FAILED, SUCCEEDED

MOST_RUNS: Final = 100
"""Runs of a task that are returned, at most: the latest."""
ENOUGH: Final = 10
"""So many among the jobs that ended last will do; of a task with less its own jobs are looked at."""
MOST_TASKS: Final = 20
"""Tasks whose own jobs are looked at, at most."""
MOST_ENDED: Final = 500
"""Jobs that are read of those that ended last."""
MOST_OF_TASK: Final = 200
"""Jobs that are read of a task."""

_J = JOBS.c
_RUN = select(_J.task, _J.state, _J.started_at, _J.finished_at)
_ENDED_LAST = _RUN.where(_J.finished_at.is_not(None)).order_by(_J.finished_at.desc()).limit(bindparam("most"))
_OF_TASK = (
    _RUN.where(_J.task == bindparam("of_task"), _J.id <= bindparam("last_id"))
    .order_by(_J.id.desc())
    .limit(bindparam("most"))
)


def latest(conn: Connection, tasks: Mapping[str, str]) -> dict[str, list[float]]:
    """The seconds of the latest runs of each task, MOST_RUNS at most; an empty list where none is known.

    They are the last runs of jobs that succeeded or failed, looked for among the jobs that ended last, of
    whatever task. Where these tell little, the task's jobs are looked at, from the id downwards that `tasks`
    names: that of one that has not ended, behind which there may be any number of others.
    """
    found: dict[str, list[Any]] = {task: [] for task in tasks}
    for row in _ended(conn.execute(_ENDED_LAST, {"most": MOST_ENDED})):
        if row.task in found:
            found[row.task].append(row)
    for task in [task for task, rows in found.items() if len(rows) < ENOUGH][:MOST_TASKS]:
        of_task = {"of_task": task, "last_id": tasks[task], "most": MOST_OF_TASK}
        found[task] = max(found[task], _ended(conn.execute(_OF_TASK, of_task)), key=len)
    return {task: [_seconds(row) for row in rows[:MOST_RUNS]] for task, rows in found.items()}


def _ended(rows: Iterable[Any]) -> list[Any]:
    """Those whose last run ended by itself, the latest first."""
    ended = [row for row in rows if row.state in (SUCCEEDED, FAILED) and row.started_at is not None]
    return sorted(ended, key=lambda row: row.finished_at, reverse=True)


def _seconds(row: Any) -> float:
    # Clocks of two machines: a run may seem to have ended before it began.
    seconds: float = (row.finished_at - row.started_at).total_seconds()
    return max(0.0, seconds)
