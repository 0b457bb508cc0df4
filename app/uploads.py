"""Uploaded files, each stored completely before anything refers to it."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path
from typing import IO, Final
from uuid import UUID, uuid4

from flask import current_app

CHUNK: Final = 64 * 1024
KEPT_SECONDS: Final = 7 * 86_400
"""Age at which a file is deleted: its job was deleted before it ran."""


def path_of(upload: UUID) -> Path:
    """The path of an upload. All workers must share this folder."""
    return Path(current_app.config["UPLOAD_FOLDER"]) / f"{upload}.csv"


def save(stream: IO[bytes]) -> UUID:
    """Store `stream` and return the id of the upload; on any error no file is left."""
    upload = uuid4()
    path = path_of(upload)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(stream, file, CHUNK)
            file.flush()
            # Before the job is committed: after a power cut it must not find an empty file.
            os.fsync(file.fileno())
    except BaseException:
        remove(upload)
        raise
    return upload


def digest(upload: UUID) -> str:
    """A digest of the file's bytes."""
    with path_of(upload).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(upload: UUID) -> None:
    """Delete the file of an upload, if it exists."""
    path_of(upload).unlink(missing_ok=True)


def sweep() -> int:
    """Delete files older than KEPT_SECONDS; returns how many."""
    oldest = time.time() - KEPT_SECONDS
    left_over = [
        path
        for path in Path(current_app.config["UPLOAD_FOLDER"]).glob("*.csv")
        if path.stat().st_mtime < oldest
    ]
    for path in left_over:
        path.unlink(missing_ok=True)
    return len(left_over)
