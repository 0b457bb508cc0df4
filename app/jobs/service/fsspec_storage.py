"""Where the content of files is kept if JOBS_FILES is a URL: on a file system that fsspec knows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, BinaryIO, Final, cast

READ_AHEAD: Final = 1024 * 1024
"""Bytes that are fetched at once: the default of S3 is fifty times as many, however few are asked for."""


class FsspecStorage:
    """Files below the URL, in the layout of FolderStorage: what is in a folder can be copied there."""

    def __init__(self, url: str) -> None:
        self._url = url

    def write(self, location: str, parts: Iterable[bytes]) -> None:
        """One part after the other; object stores show nothing of it before the last."""
        system, path = self._find(location)
        with _opened(system, path) as file:
            for part in parts:
                file.write(part)

    def open(self, location: str, size: int) -> BinaryIO:
        """A file that fetches what is read of it."""
        system, path = self._find(location)
        return cast(BinaryIO, system.open(path, "rb", block_size=READ_AHEAD))

    def remove(self, location: str) -> None:
        """Delete it. Raises OSError, also for errors of a driver that are none."""
        system, path = self._find(location)
        try:
            with suppress(FileNotFoundError):
                system.rm_file(path)
        except OSError:
            raise
        except Exception as error:
            raise OSError(str(error)) from error

    def _find(self, location: str) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        # Each time, from fsspec's cache: after a fork that makes another one, with threads of its own.
        system, root = url_to_fs(self._url)
        return system, f"{root}/{location[-2:]}/{location}"


def _opened(system: Any, path: str) -> Any:
    try:
        return system.open(path, "wb")
    except FileNotFoundError:  # a file system with folders
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        return system.open(path, "wb")
