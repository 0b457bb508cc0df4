"""Deliveries of webhooks: the jobs that call a URL, stored in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select

from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.tables import JOBS
from ..database.transactions import AnyConnection
from ..ids import new_id
from ..options import DEFAULTS, TaskOptions, stored_values
from ..serialization.encoding import dumps
from ..states import FAILED
from . import new_jobs
from .new_jobs import NewJob

TASK: Final = "simmer.webhook"
"""The name of their task."""
OPTIONS: Final[TaskOptions] = {"priority": -100, "max_attempts": 20}
To = Literal["callback", "alert"]
"""Whose URL is called: the job's, or JOBS_ALERT_URL."""

_J = JOBS.c
_OF = Statement(
    lambda dialect: (
        select(_J.id, _J.task, _J.queue, _J.app).where(_J.id.in_(dialect.texts("ids"))).order_by(_J.id)
    )
)


def tell(conn: AnyConnection, to: To, ended: Mapping[str, str], now: datetime) -> None:
    """Submit a delivery for each of these jobs, which have ended in those states; for a delivery none.

    It waits in the queue of its job: where that was run, somebody serves it.
    """
    rows = _OF.rows(conn, ids=as_json(ended))
    made = [_delivery(row, to, ended[row.id], now) for row in rows if row.task != TASK]
    if made:
        new_jobs.enqueue(conn, made)


def alert(conn: AnyConnection, completed: Mapping[tuple[str, int], str], now: datetime) -> None:
    """Submit a delivery to JOBS_ALERT_URL for each job that failed; `completed` is of `completion`."""
    if failed := {job_id: FAILED for (job_id, _), verb in completed.items() if verb == "failed"}:
        tell(conn, "alert", failed, now)


def _delivery(row: Any, to: To, state: str, now: datetime) -> NewJob:
    args = {"to": to, "event": f"job_{state}", "at": now, "job_id": row.id}
    options = {**OPTIONS, "queue": row.queue, "tags": (tag_of(row.id),)}
    return NewJob(
        new_id(now), TASK, dumps(args), stored_values(options, DEFAULTS), now, now, app=row.app
    )  # fmt: skip


def tag_of(job_id: str) -> str:
    """The tag of all deliveries that tell of a job."""
    return f"webhook:{job_id}"
