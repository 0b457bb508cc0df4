"""A table of very many jobs, made by the database itself: each a copy of one that the package has written."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, text

from app.jobs.database.tables import JOBS

CHUNK: Final = 10_000
"""Jobs that are copied by a statement: a longer one would be taken for an outage."""
_SERIES: Final = {
    "postgresql": "SELECT generate_series(CAST(:first AS int), CAST(:last AS int)) AS n",
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s WHERE n < :last)"
    " SELECT n FROM s",
}
_HEX: Final = {"postgresql": "lpad(to_hex(s.n), 12, '0')", "sqlite": "printf('%012x', s.n)"}
"""The number of a copy, of which its id is made."""


def copy_job(conn: Connection, job_id: str, count: int, group: str, **values: Any) -> None:
    """So many more jobs as this one, without its attempts and events; `values` replace what its row has.

    `group`, of four hexadecimal digits, is a part of their ids: those of a higher one are newer.
    """
    kind = conn.dialect.name
    cells = {column.name: f"t.{column.name}" for column in JOBS.c} | {name: f":{name}" for name in values}
    cells["id"] = f"'{group}0000-0000-7000-8000-' || {_HEX[kind]}"
    sql = text(
        f"INSERT INTO simmer_jobs ({', '.join(cells)}) SELECT {', '.join(cells.values())}"
        f" FROM simmer_jobs t, ({_SERIES[kind]}) s WHERE t.id = :template"
    )
    for first in range(1, count + 1, CHUNK):
        numbers = {"first": first, "last": min(count, first + CHUNK - 1)}
        conn.execute(sql, {**numbers, "template": job_id, **values})
