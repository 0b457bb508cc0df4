"""Checks of plain values that several rooms make: numbers, durations, names."""

from __future__ import annotations

import math
import re
from typing import Any, Final

TEN_YEARS: Final = 3_653 * 86_400.0
"""Seconds: the longest delay, timeout, backoff and grace that is accepted."""
TASK_NAME: Final = re.compile(r"[A-Za-z0-9_.:<>-]{1,200}")
QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SLUG: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
SLUG_RULE: Final = "1 to 64 letters, digits and . _ -"
"""What SLUG takes, in words."""


def is_number(value: Any) -> bool:
    """Whether `value` is a finite int or float; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def is_whole(value: Any, least: int, most: int) -> bool:
    """Whether `value` is an int, and no boolean, within the bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_seconds(value: Any, most: float = TEN_YEARS) -> bool:
    """Whether `value` is a number of seconds from 0 to `most`."""
    return is_number(value) and 0 <= value <= most


def is_slug(value: Any) -> bool:
    """Whether `value` can be the id of a schedule."""
    return isinstance(value, str) and SLUG.fullmatch(value) is not None
