"""What tasks print, as lines of their job's log (JOBS_CAPTURE_STDOUT)."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from .logs import active_log


class CapturedStdout:
    """In the place of `sys.stdout`: what is printed in a run goes to its log too, all else is as it was."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write to the stream, and to the log of the run that the calling thread is in."""
        if (log := active_log()) is not None:
            log.print(text)
        return self._stream.write(text)


def capture_stdout() -> None:
    """Let `sys.stdout` be captured, also where somebody has replaced it since the last call."""
    stream: Any = sys.stdout
    if stream is not None and not isinstance(stream, CapturedStdout):
        sys.stdout = CapturedStdout(stream)
