"""Everything that the database keeps of one job, as rows that can be stored again under another id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

TABLES: Final = {
    "simmer_jobs": "id",
    "simmer_tags": "job_id",
    "simmer_attempts": "job_id",
    "simmer_events": "job_id",
}


class History:
    """The rows of one job, read from a database that the package has written."""

    def __init__(self, conn: sqlite3.Connection, job_id: str) -> None:
        self._rows: list[tuple[str, int, list[Any]]] = []
        """Statement, where the job's id stands in the values, the values."""
        for table, key in TABLES.items():
            found = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            columns = [name for name in found if name != "id" or key == "id"]  # the database numbers events
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            for row in conn.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (job_id,)):
                insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
                self._rows.append((insert, columns.index(key), list(row)))

    def of(self, job_id: str) -> Iterator[tuple[str, list[Any]]]:
        """An INSERT and its values for each row, for a job with that id."""
        for insert, place, row in self._rows:
            row[place] = job_id
            yield insert, row
