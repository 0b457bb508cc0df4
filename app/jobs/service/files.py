"""Use cases of the files of jobs: attach, list, open, and remove what is no job's any more."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from ..clock import Clock
from ..config import FILES_FOLDER, Settings
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..errors import ClaimLost, DatabaseUnavailable, FileNotFound, JobCancelled, JobNotFound
from ..execution.files import Content
from ..process.logs import get_logger
from ..run import Run
from ..serialization.text import is_storable
from ..store import files, queries
from ..values import File
from .file_content import MeasuredContent, content_type_of, file_name
from .file_storage import DatabaseStorage, FolderStorage, Storage
from .fsspec_storage import FsspecStorage
from .session import refuse_in_task

log = get_logger(__name__)
DATABASE: Final = "database"
FOLDER: Final = "folder"


class Files:
    """Implements `execution.files.FileStore`. `host_db` is the app's Flask-SQLAlchemy, or None.

    A folder that the settings name is below `base` where it is relative; it may be a URL.
    """

    def __init__(
        self, *, database: Database, host_db: Any, settings: Settings, base: Path, clock: Clock
    ) -> None:
        self._database, self._host_db, self._clock = database, host_db, clock
        self._most, self._most_of_job = settings.max_file_bytes, settings.max_job_files_bytes
        self._chosen = DATABASE if settings.files == DATABASE else FOLDER
        folder = FILES_FOLDER if self._chosen == DATABASE else settings.files
        # Both, whichever is chosen for new ones: what was stored under another setting can still be read.
        self._storages: Mapping[str, Storage] = {
            FOLDER: FsspecStorage(folder) if "://" in folder else FolderStorage(base / folder),
            DATABASE: DatabaseStorage(database),
        }  # fmt: skip

    def attach(self, run: Run, content: Content, name: str | None, content_type: str | None) -> File:
        """Return when it is stored. Raises JobCancelled where the run does not own its job any more."""
        refuse_in_task(self._host_db, self._database)
        with _opened(content) as source:
            known_as = file_name(name or _name_of(content))
            kind = content_type_of(known_as, content_type)
            location = self._reserve()
            try:
                measured = MeasuredContent(source, self._most)
                self._storages[self._chosen].write(location, measured.parts())
                file = File(
                    name=known_as, size=measured.size, content_type=kind, sha256=measured.sha256,
                    created_at=self._clock.now(),
                )  # fmt: skip
                self._give(run, location, file)
            except BaseException:
                with suppress(DatabaseUnavailable):  # else it is removed in an hour
                    self._discard(location)
                raise
        return file

    def files_of(self, job_id: str) -> list[File]:
        """The files of a job, by name. Raises JobNotFound."""
        with self._database.read() as conn:
            if queries.read(conn, queries.STAMP, job_id) is None:
                raise JobNotFound(f"no job has the id {job_id!r}; it may have been deleted or pruned")
            return files.files_of(conn, job_id)

    def open(self, job_id: str, name: str) -> tuple[File, BinaryIO]:
        """A file and its content, to be closed. Raises JobNotFound, FileNotFound."""
        found = None
        if is_storable(name):  # no database is asked for what it cannot have
            with self._database.read() as conn:
                found = files.find(conn, job_id, name)
        if found is None:
            self.files_of(job_id)
            raise FileNotFound(f"the job has no file of the name {name!r}")
        file, storage, location = found
        try:
            return file, self._storages[storage].open(location, file.size)
        except FileNotFoundError:
            raise FileNotFound(
                f"the content of {name!r} is not here: processes of several machines need one JOBS_FILES"
            ) from None

    def sweep(self, most: int) -> int:
        """Remove the content of up to `most` files that are no job's any more. How many there were."""
        with self._database.read() as conn:
            due = files.to_remove(conn, self._clock.now(), most)
        removed = [location for storage, location in due if self._is_removed(storage, location)]
        if removed:
            self._forget(removed)
        return len(removed)

    def _is_removed(self, storage: str, location: str) -> bool:
        try:
            self._storages[storage].remove(location)
        except OSError as error:  # one that cannot be removed keeps no other from it
            log.warning("the content of a file cannot be removed: %s", error)
            return False
        return True

    @retry_conflicts
    def _reserve(self) -> str:
        with self._database.write() as conn:
            return files.reserve(conn, self._chosen, self._clock.now())

    @retry_conflicts
    def _give(self, run: Run, location: str, file: File) -> None:
        try:
            with self._database.write() as conn:
                files.give(conn, run, location, file, self._most_of_job)
        except ClaimLost as error:
            raise JobCancelled(str(error)) from error

    @retry_conflicts
    def _discard(self, location: str) -> None:
        with self._database.write() as conn:
            files.discard(conn, location)

    @retry_conflicts
    def _forget(self, locations: list[str]) -> None:
        with self._database.write() as conn:
            files.forget(conn, locations)


@contextmanager
def _opened(content: Content) -> Iterator[BinaryIO]:
    """The content as a file; what was opened here is closed."""
    if isinstance(content, str | os.PathLike):
        with open(content, "rb") as file:
            yield file
    elif isinstance(content, bytes | bytearray | memoryview):
        yield io.BytesIO(content)
    elif hasattr(content, "read"):
        yield content
    else:
        raise TypeError(f"attach takes a path, bytes or an open file, not {type(content).__name__}")


def _name_of(content: Content) -> str:
    name = content if isinstance(content, str | os.PathLike) else getattr(content, "name", None)
    if not isinstance(name, str | os.PathLike):
        raise ValueError("attach: say name=, since what was given has none")
    return os.fspath(cast(str, name))
