"""A progress bar on stderr: redrawn in place on a terminal, elsewhere a line for each change."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Final, TextIO

from ..job import Job
from .output import printable

BAR_WIDTH: Final = 30
"""Characters of the bar itself."""
MIN_LINE_EVERY: Final = 1.0
"""Seconds between two lines that are not redrawn in place; a new state is printed at once."""


class ProgressBar:
    """Shows snapshots of one job until `close`."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._monotonic = stream, monotonic
        self._redraws = stream.isatty()
        self._began = monotonic()
        self._shown: str | None = None
        self._state: str | None = None
        self._shown_at = self._began

    def show(self, job: Job) -> None:
        """Show the job as it is now."""
        line = printable(" ".join(part for part in (job.state.ljust(9), *_parts(job)) if part))
        if self._redraws:
            elapsed = f"{self._monotonic() - self._began:.0f} s"
            width = shutil.get_terminal_size().columns - len(elapsed) - 2
            self._write(f"\r{line[:width]:<{width}} {elapsed}")
        elif self._has_changed(job, line):
            self._write(f"{line.rstrip()}\n")
            self._shown, self._state, self._shown_at = line, job.state, self._monotonic()

    def close(self) -> None:
        """End the line, so that the next output begins on a new one."""
        if self._redraws:
            self._write("\n")
            self._redraws = False

    def _has_changed(self, job: Job, line: str) -> bool:
        if job.state != self._state:
            return True
        return line != self._shown and self._monotonic() - self._shown_at >= MIN_LINE_EVERY

    def _write(self, text: str) -> None:
        # A progress message in another encoding is shown with "?", and does not end the wait.
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


def bar_of(percent: float, width: int) -> str:
    """A bar of `width` characters, and the number."""
    done = int(width * percent / 100)
    return f"[{'#' * done}{'-' * (width - done)}] {percent:3.0f} %"


def _parts(job: Job) -> tuple[str, ...]:
    progress = job.progress
    rate = (
        ""
        if progress.rate is None or job.is_final
        else f"{progress.rate:{',.0f' if progress.rate >= 10 else '.2g'}}/s"
    )
    if progress.percent is None:
        count = f"{progress.current:g}" if progress.current else ""
        return (count, rate, progress.message, job.waiting_reason or "")
    bar = bar_of(progress.percent, BAR_WIDTH)
    left = "" if progress.eta is None else f"{progress.eta:.0f} s left"
    return (bar, f"{progress.current:g}/{progress.total:g}", rate, left, progress.message)
