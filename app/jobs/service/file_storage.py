"""Where the content of files is kept: in a folder, or in the database."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from ..database.database import Database
from ..store import file_parts

PART: Final = 256 * 1024
"""Bytes of a part, in which content is read and written."""
REMOVED_AT_ONCE: Final = 64
"""Parts in one transaction."""


class Storage(Protocol):
    """Content by its location; nothing of it is there before `write` returns."""

    def write(self, location: str, parts: Iterable[bytes]) -> None:
        """Store parts of PART bytes, but for the last. Raises OSError, DatabaseUnavailable."""

    def open(self, location: str, size: int) -> BinaryIO:
        """To be read and closed. Raises FileNotFoundError."""

    def remove(self, location: str) -> None:
        """Also what was not written to its end; nothing where there is none."""


class FolderStorage:
    """Files in `folder`, spread over 256 below it; it is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, location: str, parts: Iterable[bytes]) -> None:
        """Under a temporary name first."""
        path = self._path(location)
        # For the owner alone, as the database is.
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        temporary = _temporary(path)
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def open(self, location: str, size: int) -> BinaryIO:
        """The file itself."""
        return self._path(location).open("rb")

    def remove(self, location: str) -> None:
        """Delete it."""
        for path in (self._path(location), _temporary(self._path(location))):
            path.unlink(missing_ok=True)

    def _path(self, location: str) -> Path:
        # The end of an id is random, its beginning is the time.
        return self._folder / location[-2:] / location


class DatabaseStorage:
    """Parts in a table, each in a transaction of its own: no other writer waits for a whole file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, location: str, parts: Iterable[bytes]) -> None:
        """One part after the other."""
        for number, data in enumerate(parts):
            with self._database.write() as conn:
                file_parts.add(conn, location, number, data)

    def open(self, location: str, size: int) -> BinaryIO:
        """A file that reads the parts that it needs."""
        return cast(BinaryIO, io.BufferedReader(_Parts(self._database, location, size), PART))

    def remove(self, location: str) -> None:
        """Some parts at a time."""
        is_over = False
        while not is_over:
            with self._database.write() as conn:
                is_over = file_parts.remove(conn, location, REMOVED_AT_ONCE) < REMOVED_AT_ONCE


class _Parts(io.RawIOBase):
    """The content at `location`, of `size` bytes."""

    def __init__(self, database: Database, location: str, size: int) -> None:
        self._database, self._location, self._size = database, location, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number, start = divmod(self._position, PART)
        if self._position >= self._size:
            return 0
        with self._database.read() as conn:
            data = file_parts.read(conn, self._location, number)
        if data is None:
            raise FileNotFoundError(f"the content of a file is gone: {self._location}")
        taken = data[start : start + len(buffer)]
        buffer[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
