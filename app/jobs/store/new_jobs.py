"""New jobs, and the verb that stores them: enqueue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..database.dialect import Dialect
from ..database.statements import BoundStatement, InsertStatement, execute_all
from ..database.supported import dialect_of
from ..database.tables import JOBS, TAGS
from ..database.transactions import AnyConnection
from ..options import STORED
from ..states import QUEUED, SCHEDULED, WAITING
from .events import SUBMITTED
from .unique_keys import UniqueKey

_ALWAYS: Final = (
    "id", "task", "state", "args", *STORED, "created_at", "run_at", "schedule_id", "fire_time",
    "batch_id", "app", "due", "wake_at", "attempt", "version", "run", "rerun", "crashes",
)  # fmt: skip
_INSERT = InsertStatement(JOBS, *_ALWAYS)
_INSERT_LIMITED = InsertStatement(JOBS, *_ALWAYS, "unique_key", "expires_at", "fair_key")
"""For those that have one of the three: NULLs for all others would cost time."""
_TAGS: Final = tuple(STORED).index("tags")
_INSERT_TAG = InsertStatement(TAGS, "tag", "job_id")


class NewJob(NamedTuple):
    """Everything that is known of a job at its submission; `args` is JSON text, times are UTC.

    `options` are the values of `options.STORED`, in that order and as their columns hold them. `app` is the
    one whose workers alone run it, None for all. `unique` is the key that it must have to be stored. `unmet`
    is for how many it waits of those that it depends on, `result_into` the argument that takes their results:
    these and `callback_url` are for `dependencies.enqueue`. `fair_key` is the value by which it takes turns
    with others.
    """

    id: str
    task: str
    args: str
    options: tuple[Any, ...]
    created_at: datetime
    run_at: datetime
    schedule_id: str | None = None
    fire_time: datetime | None = None
    batch_id: str | None = None
    app: str | None = None
    expires_at: datetime | None = None
    unique: UniqueKey | None = None
    callback_url: str | None = None
    unmet: int = 0
    result_into: str | None = None
    fair_key: str | None = None

    @property
    def state(self) -> str:
        """waiting for those it depends on, scheduled where the time has not come, else queued."""
        if self.unmet:
            return WAITING
        return SCHEDULED if self.run_at > self.created_at else QUEUED


def enqueue(conn: AnyConnection, jobs: Sequence[NewJob]) -> None:
    """Submitted: the jobs, their tags and their first events, in the caller's transaction."""
    execute_all(conn, bind_enqueue(dialect_of(conn), jobs))


def bind_enqueue(dialect: Dialect, jobs: Sequence[NewJob]) -> list[BoundStatement]:
    """The statements of `enqueue`, to be executed in one transaction."""
    time = dialect.to_driver
    rows, limited, events = [], [], []
    for job in jobs:
        created, state = time(job.created_at), job.state
        run_at = created if job.run_at is job.created_at else time(job.run_at)
        row = _row(job, state, created, run_at, time(job.fire_time))
        if job.unique is None and job.expires_at is None and job.fair_key is None:
            rows.append(row)
        else:
            limited.append((*row, job.unique and job.unique.text, time(job.expires_at), job.fair_key))
        events.append((job.id, created, "submitted", state, 0))
    bound = [insert.bind(some) for insert, some in ((_INSERT, rows), (_INSERT_LIMITED, limited)) if some]
    return [*bound, SUBMITTED.bind(events), *bind_tags(jobs)]


def bind_tags(jobs: Sequence[NewJob]) -> list[BoundStatement]:
    """The statement that stores the tags of the jobs; none where they have none."""
    tagged = [(job.id, text) for job in jobs if (text := job.options[_TAGS]) != "[]"]
    tags = [(tag, job_id) for job_id, text in tagged for tag in dict.fromkeys(json.loads(text))]
    return [_INSERT_TAG.bind(tags)] if tags else []


def _row(job: NewJob, state: str, created: Any, run_at: Any, fire_time: Any) -> tuple[Any, ...]:
    """The values of _INSERT, in its order; times as the driver takes them."""
    return (
        job.id, job.task, state, job.args, *job.options, created, run_at,
        job.schedule_id, fire_time, job.batch_id, job.app, state == QUEUED,
        run_at if state == SCHEDULED else None, 0, 1, 0, False, 0,
    )  # fmt: skip
