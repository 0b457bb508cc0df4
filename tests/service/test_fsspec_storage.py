"""The content of files on a folder's path and on file systems of fsspec: the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from app.jobs.ids import new_id
from app.jobs.service.file_storage import PART, FolderStorage, Storage
from app.jobs.service.fsspec_storage import FsspecStorage

PARTS = [bytes([number]) * PART for number in range(3)] + [b"the end"]
CONTENT = b"".join(PARTS)


@pytest.fixture(params=["path", "file", "memory", "chained"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A storage of each kind, in a place that is not there yet."""
    made: dict[str, Storage] = {
        "path": FolderStorage(tmp_path / "a" / "b"),
        "file": FsspecStorage(f"file://{tmp_path}/a/b"),
        "memory": FsspecStorage(f"memory://{tmp_path}/a/b"),
        "chained": FsspecStorage(f"dir::file://{tmp_path}/a/b"),
    }
    return made[request.param]


def test_what_is_written_can_be_read(storage: Storage) -> None:
    """The whole, and what is at any place of it; a second file stands beside the first."""
    first, second = new_id(), new_id()
    storage.write(first, PARTS)
    storage.write(second, [])
    with storage.open(first, len(CONTENT)) as file:
        assert file.read() == CONTENT
        file.seek(2 * PART - 1)
        assert file.read(2) == b"\1\2"
    with storage.open(second, 0) as file:
        assert file.read() == b""


def test_what_is_removed_is_gone(storage: Storage) -> None:
    """And may be removed once more, as what was never there."""
    location = new_id()
    storage.write(location, PARTS)
    for _ in range(2):
        storage.remove(location)
        with pytest.raises(FileNotFoundError):
            storage.open(location, len(CONTENT))


def test_what_was_not_written_to_its_end_can_be_removed(storage: Storage) -> None:
    """The error of its source is raised, and nothing of it stays after its removal."""

    def broken() -> Iterator[bytes]:
        yield PARTS[0]
        raise OSError("the source is gone")

    location = new_id()
    with pytest.raises(OSError, match="the source is gone"):
        storage.write(location, broken())
    storage.remove(location)
    with pytest.raises(FileNotFoundError):
        storage.open(location, PART)


def test_any_error_of_a_driver_is_one_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be removed keeps no other from it: what removes them goes on after an OSError."""

    def refuse(self: MemoryFileSystem, path: str) -> None:
        raise KeyError("SlowDown")

    monkeypatch.setattr(MemoryFileSystem, "rm_file", refuse)
    with pytest.raises(OSError, match="SlowDown"):
        FsspecStorage("memory://x").remove(new_id())


def test_a_folder_can_be_moved_behind_a_url(tmp_path: Path) -> None:
    """Both have one layout."""
    location = new_id()
    FolderStorage(tmp_path).write(location, PARTS)
    with FsspecStorage(f"file://{tmp_path}").open(location, len(CONTENT)) as file:
        assert file.read() == CONTENT
