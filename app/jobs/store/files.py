"""The files of jobs: rows that are reserved before there is content, given to a job, and removed after it.

A row that is no job's says when its content is to be removed, so that whatever dies at whatever moment leaves
nothing behind that nobody knows of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from ..database.tables import FILES, JOBS
from ..errors import ClaimLost, FileTooLarge
from ..ids import new_id
from ..run import Run
from ..states import RUNNING
from ..values import File

_J = JOBS.c
_F = FILES.c
RESERVED_FOR: Final = timedelta(hours=1)
"""How long content may take to come; what is not a job's file by then is removed."""
MOST_FILES: Final = 1_000
"""Files of one job."""
_SHOWN: Final = (_F.name, _F.size, _F.content_type, _F.sha256, _F.created_at)


def reserve(conn: Connection, storage: str, now: datetime) -> str:
    """A place for content that is to come within RESERVED_FOR."""
    location = new_id(now)
    row = {"location": location, "storage": storage, "created_at": now, "remove_at": now + RESERVED_FOR}
    conn.execute(insert(FILES).values(row))
    return location


def give(conn: Connection, run: Run, location: str, file: File, most_bytes: int) -> None:
    """Make the content at `location` a file of the run's job, in place of the one of that name.

    Raises ClaimLost; FileTooLarge where all files of the job have more than `most_bytes`, or are too many.
    """
    # Locked, as for a step: see `steps`.
    mine = select(_J.id).where(_J.id == run.job_id, _J.state == RUNNING, _J.claim == run.token)
    if conn.execute(mine.with_for_update()).first() is None:
        raise ClaimLost()
    _release(conn, _F.job_id == run.job_id, _F.name == file.name)
    others = select(func.count(), func.coalesce(func.sum(_F.size), 0)).where(_F.job_id == run.job_id)
    count, size = conn.execute(others).one()
    if count >= MOST_FILES:
        raise FileTooLarge(f"the job has {MOST_FILES:,} files already: pack them into one")
    if (total := int(size) + file.size) > most_bytes:
        raise FileTooLarge(f"the job's files have {total} bytes, JOBS_MAX_JOB_FILES_BYTES is {most_bytes}")
    reserved = update(FILES).where(
        _F.location == location, _F.job_id.is_(None), _F.remove_at > file.created_at
    )
    given = reserved.values(job_id=run.job_id, remove_at=None, **file.as_dict())
    if not conn.execute(given).rowcount:
        raise FileTooLarge(f"the file {file.name!r} took longer than an hour to store")


def release(conn: Connection, job_ids: Collection[str]) -> None:
    """The files of these jobs are to be removed."""
    _release(conn, _F.job_id.in_(job_ids))


def _release(conn: Connection, *which: Any) -> None:
    # In the past, so that it is due whatever the clock says.
    gone = update(FILES).where(*which)
    conn.execute(gone.values(job_id=None, name=None, remove_at=_F.created_at))


def discard(conn: Connection, location: str) -> None:
    """What is at `location`, and no job's, is to be removed."""
    _release(conn, _F.location == location, _F.job_id.is_(None))


def files_of(conn: Connection, job_id: str) -> list[File]:
    """The files of a job, by name."""
    rows = conn.execute(select(*_SHOWN).where(_F.job_id == job_id).order_by(_F.name))
    return [_to_file(row) for row in rows]


def find(conn: Connection, job_id: str, name: str) -> tuple[File, str, str] | None:
    """The file of that name, its storage and its location."""
    wanted = select(*_SHOWN, _F.storage, _F.location).where(_F.job_id == job_id, _F.name == name)
    row = conn.execute(wanted).one_or_none()
    return None if row is None else (_to_file(row), row.storage, row.location)


def to_remove(conn: Connection, now: datetime, most: int) -> Sequence[tuple[str, str]]:
    """Storage and location of content that is to be removed by now, the oldest first."""
    due = select(_F.storage, _F.location).where(_F.remove_at.is_not(None), _F.remove_at <= now)
    return [(row[0], row[1]) for row in conn.execute(due.order_by(_F.remove_at).limit(most))]


def forget(conn: Connection, locations: Collection[str]) -> None:
    """The content is removed: so is its row."""
    conn.execute(delete(FILES).where(_F.location.in_(locations), _F.job_id.is_(None)))


def _to_file(row: Any) -> File:
    return File(**{column.name: getattr(row, column.name) for column in _SHOWN})
