"""Files that a run attaches to its job: what a task may give, and who keeps it."""

from __future__ import annotations

import os
from typing import BinaryIO, Protocol

from ..run import Run
from ..values import File

Content = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A path, the bytes themselves, or an open binary file."""


class FileStore(Protocol):
    """Where files are kept."""

    def attach(self, run: Run, content: Content, name: str | None, content_type: str | None) -> File:
        """Return when it is stored. Raises JobCancelled where the run does not own its job any more."""
