"""How long a failed job waits before its next attempt: pure, the source of chance is passed in."""

from __future__ import annotations

import random as _random
from collections.abc import Callable
from typing import Any, Final

from ..checks import is_seconds
from ..options import OF_TASK, Backoff, Seconds

BASE: Final = 2.0
CAP: Final = 3600.0


def fixed(seconds: Seconds) -> Seconds:
    """A backoff that is always so long: `backoff=fixed(30)` says in words what `backoff=30` says."""
    return seconds


def delay(backoff: Backoff, attempt: int, random: Callable[[], float] = _random.random) -> float:
    """Seconds to wait after `attempt` (from 1) has failed. ValueError where a callable returns nonsense.

    "exponential" doubles a ceiling, min(3600, 2 · 2^(attempt − 1)), and waits for its half plus a random
    part of the other half: 1 to 2 s after the first attempt, 30 to 60 min from the twelfth on. This is the
    "equal jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter": jobs that failed
    together come back apart, and none at once. "linear" does the same with min(3600, 2 · attempt).
    """
    attempt = max(attempt, 1)
    if backoff == "exponential":
        return _spread(BASE * 2.0 ** min(attempt - 1, 32), random)
    if backoff == "linear":
        return _spread(BASE * attempt, random)
    seconds: Any = backoff(attempt) if callable(backoff) else backoff
    if not is_seconds(seconds):
        words = OF_TASK["backoff"].rule.words
        raise ValueError(f"backoff gave {seconds!r:.200} after attempt {attempt}: give {words}")
    return float(seconds)


def _spread(ceiling: float, random: Callable[[], float]) -> float:
    ceiling = min(CAP, ceiling)
    return ceiling / 2 + random() * ceiling / 2
