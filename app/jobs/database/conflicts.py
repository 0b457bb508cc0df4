"""Repeats what a database has rolled back for the sake of another transaction."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from ..errors import DatabaseUnavailable, TransactionConflict

MOST_TRIES: Final = 5
LONGEST_PAUSE: Final = 0.02
"""Seconds, of random length: those who met in a deadlock must not meet again."""

P = ParamSpec("P")
T = TypeVar("T")


def retry_conflicts(function: Callable[P, T]) -> Callable[P, T]:
    """Call `function` again after a TransactionConflict; what it does before its commit must bear repetition.

    A deadlock's victim has changed nothing, and is no outage. Raises DatabaseUnavailable after MOST_TRIES.
    """

    @wraps(function)
    def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(MOST_TRIES - 1):
            try:
                return function(*args, **kwargs)
            except TransactionConflict:
                threading.Event().wait(random.uniform(0, LONGEST_PAUSE))
        try:
            return function(*args, **kwargs)
        except TransactionConflict as error:
            raise DatabaseUnavailable(f"database: {error.__cause__} ({MOST_TRIES} times in a row)") from error

    return retried
