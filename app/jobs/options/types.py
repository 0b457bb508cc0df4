"""The types of options that no plain type says, and the rules of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from ..checks import Rule, is_seconds, takes
from ..ids import is_id
from ..job import Job
from ..values import Batch

Seconds = float | timedelta
DependsOn = str | Job | Batch | Sequence[str | Job | Batch]
"""One or several: the id of a job or a batch, or either itself."""
BackoffName = Literal["exponential", "linear"]
Backoff = Seconds | BackoffName | Callable[[int], float]
"""How long, a word, or a function of the attempt that has just failed."""
Concurrency = int | tuple[int, str]
"""So many at a time, or so many for each value of an argument."""
Rate = str | tuple[str, str]
"""As in "100/m", or that for each value of an argument."""
Unique = Literal[True] | str | tuple[str, ...] | Callable[[Mapping[str, Any]], str | None]
"""True, the names of arguments, or a function of the arguments by name that returns a key or None."""

BACKOFF_RULE: Final = Rule(
    object,
    'seconds (0 to ten years), "exponential", "linear", or a callable that takes the attempt and returns'
    " seconds",
    lambda value: (
        value in get_args(BackoffName) if isinstance(value, str) else is_seconds(value) or takes(1, value)
    ),
)
EXCEPTION_RULE: Final = Rule(
    type, "an exception class", lambda value: isinstance(value, type) and issubclass(value, BaseException)
)
ID_RULE: Final = Rule(
    str, "the id of a job or a batch", lambda value: isinstance(value, str) and is_id(value), 36,
    keywords={"format": "uuid"},
)  # fmt: skip
ANYTHING: Final = Rule(object, "anything", lambda value: True)
UNIQUE_RULE: Final = Rule(
    object,
    "True, the name of an argument, a tuple of names, or a callable that takes the arguments as a dict",
    lambda value: value is True or _are_names(value) or takes(1, value),
)


def _are_names(value: Any) -> bool:
    names = value if isinstance(value, tuple) else (value,)
    return bool(names) and all(isinstance(name, str) and name for name in names)
