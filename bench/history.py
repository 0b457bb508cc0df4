"""Everything that the database keeps of one job, as rows that can be stored again under another id."""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .host import create_app, fail, jobs, noop, running

CHUNK: Final = 10_000
FAILED: Final = 30
"""Each so-manieth of the jobs that `store_finished` makes has failed."""


class History:
    """The rows of one job, read from a database that the package has written."""

    def __init__(self, conn: sqlite3.Connection, job_id: str) -> None:
        self._rows: list[tuple[str, list[str], list[Any]]] = []
        for table, found in _tables(conn):
            key = "id" if table == "simmer_jobs" else "job_id"
            columns = [name for name in found if name != "id" or key == "id"]  # the database numbers events
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
            for row in conn.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (job_id,)):
                roles = ["id" if name == key else "time" if _is_time(name) else "" for name in columns]
                self._rows.append((insert, roles, list(row)))

    def of(self, job_id: str, moment: str | None = None) -> Iterator[tuple[str, list[Any]]]:
        """An INSERT and its values for each row, for a job with that id, all of it at `moment` if given."""
        for insert, roles, row in self._rows:
            values = row.copy()
            for place, role in enumerate(roles):
                if role == "id":
                    values[place] = job_id
                elif role and moment and values[place] is not None:
                    values[place] = moment
            yield insert, values


def store_finished(path: str, count: int) -> None:
    """Give an empty database so many jobs that ended in the last two days, with all that is kept of them."""
    ids = _finished(path)
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        good, bad = (History(conn, job_id) for job_id in ids)
        since, step = datetime.now(UTC) - timedelta(days=2), timedelta(days=2) / count
        for start in range(0, count, CHUNK):
            rows: defaultdict[str, list[list[Any]]] = defaultdict(list)
            for number in range(start, min(count, start + CHUNK)):
                at = since + number * step
                history = good if number % FAILED else bad
                for insert, values in history.of(_id(at, number), at.isoformat(" ", "microseconds")[:26]):
                    rows[insert].append(values)
            with conn:
                for insert, several in rows.items():
                    conn.executemany(insert, several)


def _finished(path: str) -> list[str]:
    """Run a job that succeeds and one that fails; their ids."""
    logging.disable()  # of the second one
    with running(create_app(path)):
        ids = [noop.submit(number=1).id, fail.submit(number=1).id]
        states = [jobs.wait(job_id, 30).state for job_id in ids]
    if states != ["succeeded", "failed"]:
        raise RuntimeError(f"the jobs to copy ended otherwise: {states}")
    return ids


def _tables(conn: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """The jobs and all that refers to a job, each with its columns."""
    names = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = [(name, [row[1] for row in conn.execute(f"PRAGMA table_info({name})")]) for name in names]
    return [(name, columns) for name, columns in tables if name == "simmer_jobs" or "job_id" in columns]


def _is_time(column: str) -> bool:
    return column == "at" or column.endswith("_at")


def _id(at: datetime, number: int) -> str:
    moment = f"{int(1_000 * at.timestamp()):012x}"
    return f"{moment[:8]}-{moment[8:]}-7000-8000-{number:012x}"
