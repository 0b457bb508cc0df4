"""The job `users.import`: imports a CSV in batches, and resumes after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import OperationalError

from . import csv_rows, uploads
from .csv_rows import BadLine, GoodLine, Line
from .extensions import db, jobs
from .jobs import Snooze, current_job
from .models import Import, User
from .people import Person

BATCH: Final = 1_000
"""Data lines in one transaction: enough to be fast, short enough to let other writers in."""
MAX_ERRORS: Final = 100
ROUNDS: Final = 10
KNOWN: Final = "address already there"
MOVE: Final = update(Import.__table__).where(
    Import.upload == bindparam("this"), Import.position == bindparam("was_at")
)
"""Advances an import, if it still is at the position that this run knows."""


class Progress(NamedTuple):
    """The row of an import as last read or written by this run."""

    upload: str
    total: int
    position: int
    imported: int
    errors: list[dict[str, Any]]


class ImportTakenOver(RuntimeError):
    """Another run of the job has advanced this import."""


@jobs.task("users.import", max_attempts=3, retry_on=(OperationalError,))
def import_users(upload: UUID) -> dict[str, Any] | Snooze:
    """Import an uploaded CSV into the users; `upload` is the id that POST /users/import gave it."""
    done = _progress(upload)
    if done.position < done.total:
        current_job.progress(done.position, done.total, f"{done.imported:,} imported")
        for lines in _batches(islice(csv_rows.read(_file(upload)), done.position, None)):
            # Between two batches: the position is stored, and another worker resumes from there.
            if current_job.stopping:
                return Snooze(0)
            current_job.check()
            done = _store(done, lines)
            current_job.progress(done.position, done.total, f"{done.imported:,} imported")
    uploads.remove(upload)
    return {"imported": done.imported, "skipped": done.position - done.imported, "errors": done.errors}


def _progress(upload: UUID) -> Progress:
    found = db.session.get(Import, str(upload))
    if found is None:
        raise LookupError(f"no upload has the id {upload}")
    if found.total is None:
        found.total = csv_rows.count(_file(upload))
        db.session.commit()
    return Progress(found.upload, found.total, found.position, found.imported, found.errors)


def _file(upload: UUID) -> Any:
    path = uploads.path_of(upload)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not here: all workers must share UPLOAD_FOLDER")
    return path


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


def _store(done: Progress, lines: Sequence[Line]) -> Progress:
    """Insert the valid lines and advance the position, in one transaction."""
    bad = [line for line in lines if isinstance(line, BadLine)]
    good = [line for line in lines if not isinstance(line, BadLine)]
    skipped = sorted([*bad, *_insert(good)])
    moved: dict[str, Any] = {
        "position": done.position + len(lines),
        "imported": done.imported + len(lines) - len(skipped),
        "errors": [*done.errors, *(line._asdict() for line in skipped)][:MAX_ERRORS],
    }
    # A run that was taken for dead may still be here: if another one has advanced the import, its rows are
    # rolled back with this exception.
    here = {"this": done.upload, "was_at": done.position}
    if db.session.connection().execute(MOVE, here | moved).rowcount != 1:
        raise ImportTakenOver
    db.session.commit()
    return done._replace(**moved)


def _insert(lines: Sequence[GoodLine]) -> list[BadLine]:
    """Insert those with a new address; returns the others, also those whose address an earlier line has."""
    known: set[str] = set()
    for _ in range(ROUNDS):
        fresh, others = _split(lines, known)
        if _inserted(fresh) == len(fresh):
            return others
        # Some address exists, maybe since a moment ago; DO NOTHING does not tell which one.
        db.session.rollback()
        asked = [person[1] for _, person in lines]
        known = set(db.session.scalars(select(User.email).where(User.email.in_(asked))))
    raise RuntimeError("the database refuses addresses that it does not have")


def _split(lines: Sequence[GoodLine], known: set[str]) -> tuple[list[Person], list[BadLine]]:
    fresh: dict[str, Person] = {}
    others = []
    for line, person in lines:
        if person[1] in known or person[1] in fresh:
            others.append(BadLine(line, KNOWN))
        else:
            fresh[person[1]] = person
    return list(fresh.values()), others


def _inserted(people: Sequence[Person]) -> int:
    """Insert those with a new address; returns how many."""
    if not people:
        return 0
    # One statement for all, without Core: binding by name takes twice as long as the database's work.
    conn = db.session.connection()
    row = "(?, ?, ?)" if conn.dialect.paramstyle == "qmark" else "(%s, %s, %s)"
    rows = ", ".join([row] * len(people))
    insert = f"INSERT INTO users (name, email, age) VALUES {rows} ON CONFLICT (email) DO NOTHING"
    return conn.exec_driver_sql(insert, tuple(chain.from_iterable(people))).rowcount
