"""Where the threads of this process are at this moment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from traceback import StackSummary, walk_stack
from types import FrameType
from typing import Final

MAX_FRAMES: Final = 50
"""Calls that are shown of a stack, at most: the innermost."""
MAX_LINE: Final = 500
"""Characters of a line, at most: code that was generated may be one line of a megabyte."""


def stacks(threads: Iterable[int]) -> dict[int, list[str]]:
    """Thread id → its stack as the lines of a traceback, the innermost call last; code, and no values.

    Threads that have ended are left out.
    """
    # The frames go on while they are read: all are read first, the source of their lines later.
    frames = sys._current_frames()
    found = {thread: _read(frames[thread]) for thread in threads if thread in frames}
    return {thread: _lines(summary) for thread, summary in found.items()}


def _read(frame: FrameType) -> StackSummary:
    # In this order the limit keeps the innermost calls.
    summary = StackSummary.extract(walk_stack(frame), limit=MAX_FRAMES, lookup_lines=False)
    summary.reverse()
    return summary


def _lines(summary: StackSummary) -> list[str]:
    return [line[:MAX_LINE] for line in "".join(summary.format()).splitlines()]
