"""How long a failed job waits before its next attempt: pure, the source of chance is passed in."""

from __future__ import annotations

import inspect
import random as _random
from collections.abc import Callable
from typing import Any, Final

from ..errors import TaskDefinitionError

Backoff = float | str | Callable[[int], float]
"""Seconds, the word "exponential", or a function of the attempt that has just failed."""

BASE: Final = 2.0
CAP: Final = 3600.0
LONGEST: Final = 10 * 366 * 86_400.0
"""Seconds, about ten years: the longest delay that is accepted."""

_MEND = (
    'give seconds (0 to ten years), "exponential", or a callable that takes the attempt and returns seconds'
)


def delay(backoff: Backoff, attempt: int, random: Callable[[], float] = _random.random) -> float:
    """Seconds to wait after `attempt` (from 1) has failed. ValueError where a callable returns nonsense.

    "exponential" doubles a ceiling, min(3600, 2 · 2^(attempt − 1)), and waits for its half plus a random
    part of the other half: 1 to 2 s after the first attempt, 30 to 60 min from the twelfth on. This is the
    "equal jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter": jobs that failed
    together come back apart, and none at once.
    """
    if backoff == "exponential":
        ceiling = min(CAP, BASE * 2.0 ** min(max(attempt, 1) - 1, 32))
        return ceiling / 2 + random() * ceiling / 2
    seconds: Any = backoff(attempt) if callable(backoff) else backoff
    if not _is_delay(seconds):
        raise ValueError(f"backoff gave {seconds!r:.200} after attempt {attempt}: {_MEND}")
    return float(seconds)


def check(backoff: Any) -> None:
    """Refuse at registration what `delay` could not use, with TaskDefinitionError."""
    if callable(backoff):
        _check_signature(backoff)
    elif backoff != "exponential" and not _is_delay(backoff):
        raise TaskDefinitionError(f"backoff={backoff!r:.200} is not understood: {_MEND}")


def _check_signature(backoff: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(backoff)
    except (TypeError, ValueError):
        return  # some builtins do not tell theirs
    try:
        signature.bind(1)
    except TypeError as exc:
        raise TaskDefinitionError(
            f"backoff={backoff!r:.200} cannot be called with the attempt ({exc}): {_MEND}"
        ) from exc


def _is_delay(seconds: Any) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds <= LONGEST  # NaN is neither
