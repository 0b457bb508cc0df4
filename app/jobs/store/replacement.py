"""Replacement: a job that has not begun gets the arguments, the time and the options of a later one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from ..database.columns import Id
from ..database.row_sets import unindexed
from ..database.statements import Statement, execute_all
from ..database.supported import dialect_of
from ..database.tables import JOBS, TAGS
from ..database.transactions import AnyConnection
from ..options import STORED
from ..states import EDITABLE, QUEUED, SCHEDULED
from .events import REPLACED
from .new_jobs import NewJob, bind_tags

_J = JOBS.c
_CHANGED = ("args", *STORED, "state", "run_at", "wake_at", "due", "parked", "expires_at", "fair_key")
_HAS_NOT_BEGUN = (
    _J.id == bindparam("replaced", type_=Id), _J.run == 0,
    or_(*(unindexed(_J.state) == state for state in EDITABLE)),
)  # fmt: skip
_SEEN = Statement(select(_J.state, _J.attempt, _J.tags).where(*_HAS_NOT_BEGUN).with_for_update())
_REPLACE = Statement(
    update(JOBS)
    .where(*_HAS_NOT_BEGUN)
    .values(
        version=_J.version + 1, **{name: bindparam(f"new_{name}", type_=_J[name].type) for name in _CHANGED}
    )
)
_DROP_TAGS = Statement(delete(TAGS).where(TAGS.c.job_id == bindparam("replaced", type_=Id)))


def replace(conn: AnyConnection, job_id: str, new: NewJob, now: datetime) -> bool:
    """Replaced: the job, if it has never been claimed, is as `new` from now on. Whether it is."""
    seen = _SEEN.rows(conn, replaced=job_id)
    if not seen:
        return False
    [(source, attempt, tags)] = seen
    state = new.state
    values = {
        "args": new.args, **dict(zip(STORED, new.options, strict=True)), "state": state, "run_at": new.run_at,
        "wake_at": new.run_at if state == SCHEDULED else None, "due": state == QUEUED, "parked": None,
        "expires_at": new.expires_at, "fair_key": new.fair_key,
    }  # fmt: skip
    applied = _REPLACE.execute(conn, replaced=job_id, **{f"new_{name}": values[name] for name in _CHANGED})
    assert applied == 1, f"job {job_id} changed under our lock"
    if tags != "[]":
        _DROP_TAGS.execute(conn, replaced=job_id)
    moment = dialect_of(conn).to_driver(now)
    event = REPLACED.bind([(job_id, moment, "replaced", source, state, attempt)])
    execute_all(conn, [event, *bind_tags([new._replace(id=job_id)])])
    return True
