"""Removes the content of files whose job is gone, or that were never attached to their end."""

from __future__ import annotations

from typing import Final

from ..service.files import Files

SWEEP_EVERY: Final = 60.0
AGAIN_AFTER: Final = 0.05
"""Seconds until the next batch while there is more to remove."""
BATCH: Final = 50


class FileSweeper:
    """Removes one batch at a time; where there is none it reads once."""

    name = "file sweeper"

    def __init__(self, files: Files) -> None:
        self._files = files

    def run_once(self) -> float:
        """Remove up to one batch; returns the seconds until it is due again."""
        return AGAIN_AFTER if self._files.sweep(BATCH) >= BATCH else SWEEP_EVERY
