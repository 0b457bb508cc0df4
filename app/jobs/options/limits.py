"""How much of a task may run: so many jobs at a time, and so many claims in a time; in all, or for each value
of an argument.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..checks import Rule, is_whole

MOST: Final = 1_000_000
"""The largest number of a limit."""
UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
"""Seconds of each unit of a rate."""
LONGEST_PERIOD: Final = max(UNITS.values())
LONGEST_VALUE: Final = 100
"""Characters of an argument's value that stand in a key as they are."""
_RATE: Final = re.compile(r"([0-9]{1,7})/([smhd])")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` jobs at a time; with `seconds`, claims in any time of that length.

    `arg` names the argument for whose values it counts apart, None where it counts the task as a whole.
    """

    count: int
    arg: str | None = None
    seconds: float | None = None

    @property
    def text(self) -> str:
        """Its number: `2`, or `100/m`."""
        unit = next((unit for unit, seconds in UNITS.items() if seconds == self.seconds), None)
        return str(self.count) if unit is None else f"{self.count}/{unit}"

    def key(self, subject: str, args: Mapping[str, Any], default: Any = None) -> str:
        """What jobs of `subject` with the same value have in common; `default` where `args` have none."""
        prefix = subject if self.seconds is None else f"rate of {subject}"
        return prefix if self.arg is None else f"{prefix}: {value_key(args.get(self.arg, default))}"


def read_limit(value: Any) -> Limit | None:
    """From what a task or a request says, that satisfies CONCURRENCY_RULE or RATE_RULE."""
    if value is None:
        return None
    number, arg = value if isinstance(value, list | tuple) else (value, None)
    if isinstance(number, int):
        return Limit(number, arg)
    count, _, unit = number.partition("/")
    return Limit(int(count), arg, UNITS[unit])


def value_key(value: Any) -> str:
    """The value as JSON, 3.0 as 3; of a long one its digest."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else hashlib.sha256(text.encode()).hexdigest()


def _is_count(value: Any) -> bool:
    return is_whole(value, 1, MOST)


def _is_rate(value: Any) -> bool:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    return found is not None and _is_count(int(found[1]))


def _with_argument(words: str, is_number: Any) -> Rule:
    def fits(value: Any) -> bool:
        if isinstance(value, list | tuple):
            return len(value) == 2 and is_number(value[0]) and isinstance(value[1], str) and bool(value[1])
        return bool(is_number(value))

    return Rule(object, words, fits)


CONCURRENCY_RULE: Final = _with_argument(
    f'a whole number from 1 to {MOST:,}, or that and the name of an argument, as in (2, "tenant")', _is_count
)
RATE_RULE: Final = _with_argument(
    'a number of claims in a second, minute, hour or day, as in "100/m", or that and the name of an argument,'
    ' as in ("5/s", "tenant")',
    _is_rate,
)
