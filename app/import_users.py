"""The job `users.import`: streams a CSV into the users, and goes on where a crash ended it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import OperationalError

from . import csv_rows, uploads
from .csv_rows import Row
from .extensions import db, jobs
from .jobs import Snooze, current_job
from .models import Import

BATCH: Final = 1_000
"""Data lines in one transaction: enough to be fast, short enough to let other writers in."""
MOST_ERRORS: Final = 100


class ImportTakenOver(RuntimeError):
    """Another run of the job has moved this import on."""


@jobs.task("users.import", max_attempts=3, retry_on=(OperationalError,))
def import_users(upload: UUID) -> dict[str, Any] | Snooze:
    """Import an uploaded CSV into the users; `upload` is the id that POST /users/import gave it."""
    done = _progress(upload)
    if done.total is None:
        done.total = csv_rows.count(_file(upload))
        db.session.commit()
    if done.position < done.total:
        for rows in _batches(islice(csv_rows.read(_file(upload)), done.position, None)):
            if current_job.stopping:
                return Snooze(0)
            current_job.check()
            _store(done, rows)
            current_job.progress(done.position, done.total, f"{done.imported:,} imported")
    uploads.remove(upload)
    return {"imported": done.imported, "skipped": done.position - done.imported, "errors": done.errors}


def _progress(upload: UUID) -> Import:
    found = db.session.get(Import, str(upload))
    if found is None:
        raise LookupError(f"no upload has the id {upload}")
    return found


def _file(upload: UUID) -> Any:
    path = uploads.path_of(upload)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not here: all workers must share UPLOAD_FOLDER")
    return path


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _store(done: Import, rows: Sequence[Row]) -> None:
    """Insert what is good and move the position, both in one short transaction."""
    upload, position, imported = done.upload, done.position, done.imported
    errors = [*done.errors, *({"line": row.line, "reason": row.reason} for row in rows if row.reason)]
    # The guarded statement comes first: it takes the write lock and stops a run that was presumed dead.
    here = update(Import).where(Import.upload == upload, Import.position == position)
    moved = db.session.execute(here.values(position=position + len(rows), errors=errors[:MOST_ERRORS]))
    if cast("CursorResult[Any]", moved).rowcount != 1:
        raise ImportTakenOver
    imported += _insert(row.values for row in rows if row.values)
    db.session.execute(update(Import).where(Import.upload == upload).values(imported=imported))
    db.session.commit()


def _insert(people: Iterable[Mapping[str, Any]]) -> int:
    """Insert those whose address is not there yet; returns how many."""
    values = [(person["name"], person["email"], person["age"]) for person in people]
    if not values:
        return 0
    # One statement for all: by their names, row by row, Core takes twice as long as the database.
    conn = db.session.connection()
    row = "(?, ?, ?)" if conn.dialect.paramstyle == "qmark" else "(%s, %s, %s)"
    rows = ", ".join([row] * len(values))
    insert = f"INSERT INTO users (name, email, age) VALUES {rows} ON CONFLICT (email) DO NOTHING"
    return conn.exec_driver_sql(insert, tuple(chain.from_iterable(values))).rowcount
