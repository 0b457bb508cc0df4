"""What a job depends on, its parents: jobs and batches, how they ended, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, select

from ..database.dialect import Dialect
from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.tables import BATCHES, JOBS
from ..database.transactions import AnyConnection
from ..serialization.encoding import stored
from ..states import FAILED, SUCCEEDED, is_final

MOST_NAMED: Final = 3
"""Ids of jobs in a waiting_reason, at most."""

_J = JOBS.c
_B = BATCHES.c


def _jobs(dialect: Dialect) -> Select[Any]:
    return select(_J.id, _J.state).where(_J.id.in_(dialect.texts("ids"))).order_by(_J.id)


def _batches(dialect: Dialect) -> Select[Any]:
    return select(_B.id, _B.pending, _B.failed).where(_B.id.in_(dialect.texts("ids"))).order_by(_B.id)


_JOBS, _BATCHES = Statement(_jobs), Statement(_batches)
_LOCKED_JOBS = Statement(lambda dialect: _jobs(dialect).with_for_update())
_LOCKED_BATCHES = Statement(lambda dialect: _batches(dialect).with_for_update())
_RESULTS = Statement(
    lambda dialect: select(_J.id, _J.result).where(_J.id.in_(dialect.texts("ids"))).order_by(_J.id)
)
_BATCH_RESULTS = Statement(
    select(_J.id, _J.result).where(_J.batch_id == bindparam("batch_id")).order_by(_J.id)
)
_TOTAL = Statement(select(_B.total).where(_B.id == bindparam("batch_id")))


class Parent(NamedTuple):
    """A job or a batch that others depend on; `succeeded` is None until it has ended.

    `words` say how it ended, as the reason of an event; of a batch that has not, what it waits for.
    """

    id: str
    succeeded: bool | None
    words: str = ""

    @classmethod
    def job(cls, job_id: str, state: str) -> Parent:
        """A job in that state."""
        if not is_final(state):
            return cls(job_id, None)
        how = "failed" if state == FAILED else "was cancelled"
        return cls(job_id, state == SUCCEEDED, f"the job {job_id} {how}")

    @classmethod
    def batch(cls, batch_id: str, pending: int, failed: int) -> Parent:
        """A batch of which so many jobs have not ended, and so many ended without success."""
        if pending:
            return cls(batch_id, None, f"{_jobs_in_words(pending)} of the batch {batch_id}")
        ending = f"{_jobs_in_words(failed)} of the batch {batch_id} did not succeed"
        return cls(batch_id, not failed, ending)

    def is_met(self, on_dependency: str) -> bool:
        """Whether a job with that `on_dependency` need not wait for it any more."""
        return bool(self.succeeded) or (self.succeeded is not None and on_dependency == "run")


class Results(NamedTuple):
    """What the parents of a job returned, in their order, those of a batch one after the other.

    None for what did not succeed; `is_single` where there is no more than one job.
    """

    values: list[Any]
    is_single: bool

    @property
    def argument(self) -> Any:
        """As an argument: the one result, or the list of them."""
        return self.values[0] if self.is_single else self.values


def waits_for(unmet: Sequence[Parent]) -> str:
    """Why a job waits that waits for these, naming MOST_NAMED of them at most."""
    jobs = [parent.id for parent in unmet if not parent.words]
    of_batches = [parent.words for parent in unmet if parent.words]
    more = ", …" if len(jobs) > MOST_NAMED else ""
    named = [f"{_jobs_in_words(len(jobs))}: {', '.join(jobs[:MOST_NAMED])}{more}"] if jobs else []
    return "waits for " + " and ".join([*named, *of_batches[:MOST_NAMED]])


def find(conn: AnyConnection, ids: Iterable[str]) -> dict[str, Parent]:
    """Those of the jobs and batches that exist."""
    return _found(conn, ids, _JOBS, _BATCHES)


def lock(conn: AnyConnection, ids: Iterable[str]) -> dict[str, Parent]:
    """As `find`, under lock: they do not end before the transaction does."""
    # In the order of their ids: those who submit dependants of the same parents do not meet in a deadlock.
    return _found(conn, ids, _LOCKED_JOBS, _LOCKED_BATCHES)


def _found(
    conn: AnyConnection, ids: Iterable[str], of_jobs: Statement, of_batches: Statement
) -> dict[str, Parent]:
    wanted = set(ids)
    found = {row.id: Parent.job(row.id, row.state) for row in of_jobs.rows(conn, ids=as_json(wanted))}
    if others := wanted - found.keys():
        rows = of_batches.rows(conn, ids=as_json(others))
        found |= {row.id: Parent.batch(row.id, row.pending, row.failed) for row in rows}
    return found


def unmet(parents: Sequence[Parent], on_dependency: str) -> int:
    """For how many of them a job with that `on_dependency` has to wait."""
    return sum(not parent.is_met(on_dependency) for parent in parents)


def broken(parents: Sequence[Parent], on_dependency: str) -> Parent | None:
    """The first one for whose end a job with that `on_dependency` is cancelled."""
    ended = (parent for parent in parents if parent.succeeded is not None)
    return next((parent for parent in ended if not parent.is_met(on_dependency)), None)


def results(conn: AnyConnection, ids: Sequence[str]) -> Results:
    """The results of these parents; raises LookupError where one was deleted."""
    found = {row.id: _value(row) for row in _RESULTS.rows(conn, ids=as_json(ids))} if ids else {}
    values: list[Any] = []
    for id in ids:
        values += [found[id]] if id in found else _results_of_batch(conn, id)
    return Results(values, is_single=len(ids) == 1 and ids[0] in found)


def _results_of_batch(conn: AnyConnection, batch_id: str) -> list[Any]:
    total = _TOTAL.scalar(conn, batch_id=batch_id)
    # Ids are made in the order of the submission.
    rows = _BATCH_RESULTS.rows(conn, batch_id=batch_id)
    if len(rows) != total:
        raise LookupError(f"{batch_id}, or a job of it, was deleted: its result is not there any more")
    return [_value(row) for row in rows]


def _jobs_in_words(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def _value(row: Any) -> Any:
    return None if row.result is None else stored(row.result)


def ids_of(depends_on: str) -> Sequence[str]:
    """The ids in the column `depends_on`, each once."""
    return [] if depends_on == "[]" else list(dict.fromkeys(stored(depends_on)))


def in_order(parents: Mapping[str, Parent], depends_on: str) -> list[Parent]:
    """Those that the column `depends_on` names; one that was deleted counts as failed."""
    return [
        parents.get(id, Parent(id, False, f"{id} was deleted before it was retried"))
        for id in ids_of(depends_on)
    ]
