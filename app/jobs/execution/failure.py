"""Describes an exception as a Failure that can be stored, whatever its methods do."""

from __future__ import annotations

import traceback
from typing import Final

from ..run import Failure
from ..serialization.text import UNREADABLE, safe_str, storable, storable_middle_cut

MAX_NOTES: Final = 20

CLOSING: Final = (
    "cannot schedule new futures after interpreter shutdown",
    "can't create new thread at interpreter shutdown",
)
"""What concurrent.futures and threading say while the interpreter waits for its last threads."""


def describe_exception(exc: BaseException) -> Failure:
    """The type, message and traceback of `exc` as storable text. Never raises, whatever `exc` does."""
    try:
        return Failure(storable(_type_name(exc)), storable(exc), storable_middle_cut(_traceback(exc)))
    except BaseException:  # its __str__ may raise anything, and the failure must be recorded all the same
        return Failure("Exception", UNREADABLE)


def _type_name(exc: BaseException) -> str:
    # The descriptor of `type` itself: a metaclass may define a __name__ that raises.
    return str(type.__dict__["__name__"].__get__(type(exc)))


def _traceback(exc: BaseException) -> str:
    try:
        report = traceback.TracebackException(type(exc), exc, exc.__traceback__)
        _clip_notes(report)
        return "".join(report.format())
    except BaseException:  # from notes, causes or attributes; the frames are always sound
        frames = traceback.format_tb(BaseException.__dict__["__traceback__"].__get__(exc))
        return "".join(
            ["Traceback (most recent call last):\n", *frames, f"{_type_name(exc)}: {safe_str(exc)}\n"]
        )


def _clip_notes(report: traceback.TracebackException | None) -> None:
    # Notes are formatted line by line: megabytes of them would take seconds.
    while report is not None:
        if isinstance(report.__notes__, list):
            report.__notes__ = [storable(note) for note in report.__notes__[:MAX_NOTES]]
        report = report.__cause__ or report.__context__


def is_interpreter_closing(error: BaseException) -> bool:
    """Whether it says that no thread can be had any more; one too many at the moment is something else."""
    return isinstance(error, RuntimeError) and any(words in safe_str(error) for words in CLOSING)
