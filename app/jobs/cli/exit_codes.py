"""The exit codes, and the exit code of each error."""

from __future__ import annotations

from typing import Final

from ..errors import (
    BatchNotFound,
    FileNotFound,
    InvalidArguments,
    InvalidCursor,
    InvalidState,
    JobNotFound,
    QueueNotFound,
    ScheduleDeclared,
    ScheduleExists,
    ScheduleNotFound,
    SimmerError,
    UniqueConflict,
    UnknownTask,
    WorkerNotFound,
)

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
CANCELLED: Final = 4
REFUSED: Final = 5
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130
"""By Ctrl-C, of a command that only watches a job: that goes on."""

_CODES: Final[dict[type[SimmerError], int]] = {
    InvalidArguments: USAGE,
    InvalidCursor: USAGE,
    UnknownTask: NOT_FOUND,
    JobNotFound: NOT_FOUND,
    BatchNotFound: NOT_FOUND,
    ScheduleNotFound: NOT_FOUND,
    QueueNotFound: NOT_FOUND,
    WorkerNotFound: NOT_FOUND,
    FileNotFound: NOT_FOUND,
    InvalidState: REFUSED,
    ScheduleDeclared: REFUSED,
    ScheduleExists: REFUSED,
    UniqueConflict: REFUSED,
}


def code_of(error: SimmerError) -> int:
    """The exit code of a command that ends with `error`."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), FAILED)
