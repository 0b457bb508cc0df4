"""The finished steps of jobs: stored once, fenced by the claim of the run that did them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    String,
    Text,
    bindparam,
    case,
    false,
    func,
    insert,
    null,
    select,
)
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.statements import BoundStatement, Statement
from ..database.tables import JOBS, STEPS
from ..database.transactions import AnyConnection
from ..errors import ClaimLost
from ..run import FinishedStep, Run
from ..serialization.encoding import stored
from ..states import RUNNING
from ..values import Step

_J = JOBS.c
_S = STEPS.c
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "job_id": Id, "kind": String(), "name": String(), "run": Integer(), "result": Text(),
    "started_at": Time, "finished_at": Time,
}  # fmt: skip
_IS_STEP = (_S.job_id == bindparam("job_id"), _S.kind == bindparam("kind"), _S.name == bindparam("name"))
_FIND = Statement(select(_S.kind, _S.name, _S.result, _S.started_at, _S.finished_at).where(*_IS_STEP))


class _FencedStatement(Statement):
    """Raises ClaimLost where it changes nothing, which undoes the transaction that it is in."""

    def execute_rows(self, conn: AnyConnection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it once for each of `rows`."""
        for values in rows:
            if not self.execute(conn, **values):
                raise ClaimLost()


# The job's row is locked, not only read: on a server a rescue that commits at this moment would let the next
# run begin, which does not see the step yet and runs it again.
_SAVE = _FencedStatement(
    insert(STEPS).from_select(
        list(_COLUMNS),
        select(*(bindparam(f"its_{name}", type_=kind) for name, kind in _COLUMNS.items()))
        .where(_J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token"))
        .with_for_update(read=True),
    )
)


def find(conn: AnyConnection, job_id: str, kind: str, name: str) -> FinishedStep | None:
    """That step of the job, if it is finished."""
    rows = _FIND.rows(conn, job_id=job_id, kind=kind, name=name)
    return FinishedStep(*rows[0]) if rows else None


def bind_save(run: Run, step: FinishedStep) -> BoundStatement:
    """The statement that stores a step; raises ClaimLost where the run does not own its job any more."""
    return _SAVE.bind(
        job_id=run.job_id, token=run.token, its_job_id=run.job_id, its_kind=step.kind, its_name=step.name,
        its_run=run.number, its_result=step.result, its_started_at=step.started_at,
        its_finished_at=step.finished_at,
    )  # fmt: skip


def steps_of(
    conn: Connection, job_id: str, now: datetime, most: int | None = None
) -> list[tuple[Step, bool]]:
    """A job's steps in the order in which they began, each with whether its result is left out.

    That is None where it has more than `most` characters.
    """
    is_long = false() if most is None else func.coalesce(func.length(_S.result) > most, false())
    result = case((is_long, null()), else_=_S.result)
    columns = (_S.name, _S.kind, _S.run, _S.started_at, _S.finished_at)
    listed = select(*columns, result.label("result"), is_long.label("is_long")).where(_S.job_id == job_id)
    rows = conn.execute(listed.order_by(_S.started_at, _S.finished_at, _S.kind, _S.name))
    return [(_to_step(row, now), bool(row.is_long)) for row in rows]


def _to_step(row: Any, now: datetime) -> Step:
    return Step(
        name=row.name, kind=row.kind, state="sleeping" if row.finished_at > now else "succeeded", run=row.run,
        result=row.result and stored(row.result), started_at=row.started_at, finished_at=row.finished_at,
    )  # fmt: skip
