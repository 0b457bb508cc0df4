"""The callback of a job: the URL that is called when it has ended.

A job with one depends on itself, in DEPENDENCIES: its end finds that in the query for those that wait for it,
so that the ends of jobs without a callback cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Insert, bindparam, select, true, update

from ..database.columns import Id
from ..database.dialect import Dialect
from ..database.row_sets import as_json
from ..database.statements import Statement
from ..database.tables import CALLBACKS, DEPENDENCIES, JOBS
from ..database.transactions import AnyConnection

_C = CALLBACKS.c
_J = JOBS.c
_COLUMNS: Final = {"job_id": Id, "url": CALLBACKS.c.url.type}


def _store(dialect: Dialect) -> Insert:
    rows = dialect.row_set("rows", _COLUMNS).c
    # WHERE true: without one SQLite takes ON CONFLICT for the ON of a join.
    source = select(rows.job_id, rows.url).where(true()).order_by(rows.job_id)
    insert = dialect.insert(CALLBACKS).from_select(["job_id", "url"], source)
    made: Insert = insert.on_conflict_do_update(index_elements=["job_id"], set_={"url": insert.excluded.url})
    return made


def _depend(dialect: Dialect) -> Insert:
    rows = dialect.row_set("rows", _COLUMNS).c
    source = select(rows.job_id, rows.job_id).where(true()).order_by(rows.job_id)
    insert = dialect.insert(DEPENDENCIES).from_select(["depends_on", "job_id"], source)
    made: Insert = insert.on_conflict_do_nothing()
    return made


_STORE, _DEPEND = Statement(_store), Statement(_depend)
_AWAIT = Statement(lambda dialect: update(JOBS).where(_J.id.in_(dialect.texts("ids"))).values(awaited=True))
_URL = Statement(select(_C.url).where(_C.job_id == bindparam("job_id")))


def store(conn: AnyConnection, urls: Mapping[str, str]) -> None:
    """Store the callback of each of these jobs, in place of one that it has."""
    rows = as_json(list(urls.items()))
    _STORE.execute(conn, rows=rows)
    _DEPEND.execute(conn, rows=rows)
    _AWAIT.execute(conn, ids=as_json(urls))


def url_of(conn: AnyConnection, job_id: str) -> str | None:
    """The URL, None where the job has none, or is deleted."""
    found: str | None = _URL.scalar(conn, job_id=job_id)
    return found
