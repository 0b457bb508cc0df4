"""Submission of jobs that depend on others, in steps: a later one may depend on an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, String, Update, bindparam, select, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id
from ..database.row_sets import as_json
from ..database.statements import InsertStatement, Statement
from ..database.tables import DEPENDENCIES, JOBS
from ..database.transactions import AnyConnection
from ..job import Job
from ..options import STORED
from ..states import CANCELLED
from . import batches, callbacks, cancellation, dependants, finals, parents
from .batches import NewBatch
from .new_jobs import NewJob
from .parents import Parent
from .placement import Placement, place

_J = JOBS.c
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {"job_id": Id, "unmet_now": Integer(), "into": String()}
_DEPENDS_ON: Final = tuple(STORED).index("depends_on")
_ON_DEPENDENCY: Final = tuple(STORED).index("on_dependency")
_INSERT = InsertStatement(DEPENDENCIES, "depends_on", "job_id")
_AWAIT = Statement(
    lambda dialect: update(JOBS).where(_J.id.in_(dialect.texts("parents"))).values(awaited=True)
)
_SET = Statement(lambda dialect: _set(dialect.row_set("rows", _COLUMNS).c))
_JOBS = Statement(
    lambda dialect: select(
        _J.id, _J.task, _J.state, _J.attempt, _J.unique_key, _J.awaited, _J.batch_id
    ).where(_J.id.in_(dialect.texts("ids")))
)  # fmt: skip
_BATCH = Statement(select(_J.batch_id).where(_J.id == bindparam("job_id")))
_DEPENDS = Statement(select(_J.depends_on).where(_J.id == bindparam("job_id")))


class Step(NamedTuple):
    """Jobs that are submitted together, all of the batch if there is one."""

    jobs: Sequence[NewJob]
    batch: NewBatch | None = None


class UnknownParents(Exception):
    """No job and no batch has one of `ids`."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(*ids)
        self.ids = ids


def is_dependent(new: NewJob) -> bool:
    """Whether it depends on anything."""
    return bool(new.options[_DEPENDS_ON] != "[]")


def depends_on(new: NewJob) -> Sequence[str]:
    """The ids that it depends on."""
    return parents.ids_of(new.options[_DEPENDS_ON])


def enqueue(conn: AnyConnection, steps: Sequence[Step], now: datetime) -> list[Placement]:
    """Submitted: the jobs of all steps, in the caller's transaction; what has become of each.

    One whose parents have all succeeded is due; one with a parent that failed is cancelled at once. Raises
    UnknownParents, and as `place`.
    """
    placements: list[Placement] = []
    for step in steps:
        if step.batch is not None:
            batches.insert(conn, step.batch)
        placements += _enqueue_step(conn, step, now)
    return placements


def _enqueue_step(conn: AnyConnection, step: Step, now: datetime) -> list[Placement]:
    wanted = {new.id: depends_on(new) for new in step.jobs}
    known = parents.lock(conn, [id for ids in wanted.values() for id in ids]) if any(wanted.values()) else {}
    if unknown := {id: None for ids in wanted.values() for id in ids if id not in known}:
        raise UnknownParents(list(unknown))
    made = [_with_unmet(new, known) if wanted[new.id] else new for new in step.jobs]
    placements = place(conn, made, now)
    if step.batch is not None:
        batches.await_jobs(conn, step.batch.id)
    stored = [new for new, at in zip(made, placements, strict=True) if at == (new.id, "stored")]
    waiting = [new for new in stored if new.unmet]
    if rows := [(new.id, new.unmet, new.result_into) for new in stored if new.unmet or new.result_into]:
        _SET.execute(conn, rows=as_json(rows))
    if urls := _callbacks(step.jobs, placements):
        callbacks.store(conn, urls)
    if waiting:
        edges = [(id, new.id) for new in waiting for id in wanted[new.id]]
        _INSERT.execute_rows(conn, edges)
        _AWAIT.execute(conn, parents=as_json({id for id, _ in edges}))
        _cancel_broken(conn, waiting, known)
    return placements


def _callbacks(made: Sequence[NewJob], placements: Sequence[Placement]) -> dict[str, str]:
    """The URLs of those that were stored or took the place of another; one that was there keeps its own."""
    return {
        at.job_id: new.callback_url
        for new, at in zip(made, placements, strict=True)
        if new.callback_url is not None and at.outcome != "existing"
    }


def _with_unmet(new: NewJob, known: Mapping[str, Parent]) -> NewJob:
    of_job = parents.in_order(known, new.options[_DEPENDS_ON])
    return new._replace(unmet=parents.unmet(of_job, new.options[_ON_DEPENDENCY]))


def _cancel_broken(conn: AnyConnection, waiting: Sequence[NewJob], known: Mapping[str, Parent]) -> None:
    """Cancel those of which a parent had failed before they came."""
    reasons = {}
    for new in waiting:
        of_job = parents.in_order(known, new.options[_DEPENDS_ON])
        if (parent := parents.broken(of_job, new.options[_ON_DEPENDENCY])) is not None:
            reasons[new.id] = parent.words
    if reasons:
        rows, now = _JOBS.rows(conn, ids=as_json(reasons)), waiting[0].created_at
        cancellation.cancel(conn, [(row, reasons[row.id]) for row in rows], now, waits_again=True)
        finals.follow(conn, [finals.Final.of(row, CANCELLED) for row in rows], now)


def results(conn: AnyConnection, job_id: str) -> parents.Results:
    """What those returned that the job depends on; raises LookupError where one was deleted."""
    return parents.results(conn, parents.ids_of(_DEPENDS.scalar(conn, job_id=job_id) or "[]"))


def ready_dependants(conn: AnyConnection, job_id: str) -> list[str]:
    """The jobs that depend on this one, or on its batch, and can be claimed now or later."""
    batch_id = _BATCH.scalar(conn, job_id=job_id)
    return dependants.ready(conn, [job_id, *([batch_id] if batch_id else [])])


def unmet(conn: AnyConnection, job: Job) -> list[Parent]:
    """Those for which the job waits, in the order in which it names them."""
    known = parents.find(conn, job.depends_on)
    found = (known[id] for id in dict.fromkeys(job.depends_on) if id in known)
    return [parent for parent in found if not parent.is_met(job.on_dependency)]


def _set(rows: Any) -> Update:
    mine = update(JOBS).where(_J.id == rows.job_id)
    return mine.values(unmet=rows.unmet_now, result_into=rows.into)
