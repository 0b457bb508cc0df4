"""The log of a job as JSON and as text."""

from __future__ import annotations

from typing import Any

from ..process.logs import escape, indented
from ..values import LogLine
from .presenter import moment


def present_line(line: LogLine, with_traceback: bool) -> dict[str, Any]:
    """A line as JSON; a traceback is for whoever may see those of attempts."""
    shown = line.as_dict()
    return {**shown, "at": moment(line.at), "traceback": line.traceback if with_traceback else None}


def text_of_line(line: LogLine, with_traceback: bool) -> str:
    """A line as text, with its traceback indented below it; what is in it cannot end it."""
    head = f"{moment(line.at)} [{line.attempt}] {escape(line.level)} {escape(line.logger)}: "
    below = f"\n{indented(line.traceback)}" if with_traceback and line.traceback else ""
    return f"{head}{escape(line.message)}{below}"
