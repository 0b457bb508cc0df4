"""Uploaded files: stored whole before anything refers to them, found again by their id alone."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import IO, Final
from uuid import UUID, uuid4

from flask import current_app

CHUNK: Final = 64 * 1024
KEPT_SECONDS: Final = 7 * 86_400
"""A file that no job took away in this time is left over from one that was deleted."""


def path_of(upload: UUID) -> Path:
    """Where the file of that upload stands. All workers must share this folder."""
    return Path(current_app.config["UPLOAD_FOLDER"]) / f"{upload}.csv"


def save(stream: IO[bytes]) -> UUID:
    """Store what `stream` gives and return the id of the upload; on any error nothing is left."""
    upload = uuid4()
    path = path_of(upload)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(stream, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        remove(upload)
        raise
    return upload


def remove(upload: UUID) -> None:
    """Delete the file of that upload, if it is there."""
    path_of(upload).unlink(missing_ok=True)


def sweep() -> int:
    """Delete the files that are left over; returns how many."""
    oldest = time.time() - KEPT_SECONDS
    left_over = [
        path
        for path in Path(current_app.config["UPLOAD_FOLDER"]).glob("*.csv")
        if path.stat().st_mtime < oldest
    ]
    for path in left_over:
        path.unlink(missing_ok=True)
    return len(left_over)
