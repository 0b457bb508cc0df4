"""The tables of a SQLite file, read from outside of the processes that write them."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FINAL = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Rows:
    """What a stranger finds in the file."""

    path: Path

    def of(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds; nothing where the tables are not there yet."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.path, timeout=10)) as conn:
            return conn.execute(sql, values).fetchall()
        return []

    def at_one_moment(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        """What several queries find in the same state of the file."""
        with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as conn:
            conn.execute("BEGIN")
            return [conn.execute(sql).fetchall() for sql in queries]

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        found = self.of(sql, *values)
        return found[0][0] if found else None

    def can_be_written(self) -> bool:
        """Whether nobody keeps the write lock for longer than a moment."""
        with closing(sqlite3.connect(self.path, timeout=0.5, isolation_level=None)) as conn:
            try:
                conn.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            conn.execute("ROLLBACK")
            return True

    def workers(self) -> int:
        """How many workers have a row."""
        return int(self.one("SELECT count(*) FROM simmer_workers") or 0)

    def states(self, task: str) -> dict[str, int]:
        """How many jobs of `task` are in which state."""
        return dict(self.of("SELECT state, count(*) FROM simmer_jobs WHERE task = ? GROUP BY state", task))

    def job(self, job_id: str, *columns: str) -> tuple[Any, ...]:
        """Some columns of a job."""
        return self.of(f"SELECT {', '.join(columns)} FROM simmer_jobs WHERE id = ?", job_id)[0]

    def events(self, job_id: str) -> list[str]:
        """The types of a job's events, oldest first."""
        found = self.of("SELECT type FROM simmer_events WHERE job_id = ? ORDER BY id", job_id)
        return [row[0] for row in found]

    def check_histories(self) -> None:
        """Each job's events are one path that ends where it is, with one final event at most."""
        steps, ended, jobs = self.at_one_moment(
            "SELECT job_id, from_state, to_state FROM simmer_events ORDER BY id",
            "SELECT job_id, outcome FROM simmer_attempts ORDER BY run",
            "SELECT id, state, run FROM simmer_jobs",
        )
        paths: dict[str, list[tuple[Any, Any]]] = {}
        for job_id, source, target in steps:
            paths.setdefault(job_id, []).append((source, target))
        outcomes: dict[str, list[str]] = {}
        for job_id, outcome in ended:
            outcomes.setdefault(job_id, []).append(outcome)
        for job_id, state, run in jobs:
            path, ends = paths[job_id], outcomes.get(job_id, [])
            assert [step[0] for step in path] == [None, *(step[1] for step in path[:-1])], (job_id, path)
            assert path[-1][1] == state, (job_id, path)
            assert sum(step[1] in FINAL for step in path) == (state in FINAL), (job_id, path)
            assert len(ends) == run, (job_id, ends)
            assert ends.count("succeeded") == (state == "succeeded"), (job_id, ends)
            assert (None in ends) == (state == "running"), (job_id, ends)
