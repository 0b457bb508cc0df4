"""Cron expressions: text of 5 or 6 fields, or an alias, to sets of values."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from cronsim import CronSim, CronSimError

from .base import TriggerError

LONGEST: Final = 200
ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_HINTS: Final = {
    "second": "0-59",
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L (the last day) or LW (the last working day)",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 (0 and 7 are Sunday) or SUN-SAT, with MON#2 (the second) or 5L (the last Friday)",
}
_ONE_IN_STEPS: Final = re.compile(
    r"(?<![^, ])(?:0*(\d+)-0*\1|([a-z]{3})-\2)/0*[1-9]\d*(?![^, ])", re.IGNORECASE | re.ASCII
)
"""A range of one value with a step: cronsim reads 2-2/3 as 2/3, which goes on to the end."""
_EPOCH: Final = datetime(2000, 1, 1)


def tidy(expression: object) -> str:
    """The expression with single spaces; raises TriggerError for what is no text, or too long a one."""
    if not isinstance(expression, str):
        raise TriggerError("expression", "must be a text such as '0 9 * * MON-FRI'")
    if len(expression) > LONGEST:
        raise TriggerError("expression", f"must not be longer than {LONGEST} characters")
    return " ".join(expression.split())


def read(expression: str) -> CronSim:
    """The sets of values that a tidy expression or alias names; raises TriggerError saying what is wrong.

    Only the sets, `day_and` and `match_day` of the answer are of use: where the clocks change its own walk
    through time leaves the rule that `firetimes` keeps.
    """
    text = ALIASES.get(expression.lower(), expression)
    if text.startswith("@"):
        raise TriggerError("expression", f"{expression!r} is not one of {', '.join(ALIASES)}")
    parts = text.split(" ")
    if len(parts) not in (5, 6) or not text:
        raise TriggerError(
            "expression",
            "must have 5 fields (minute hour day-of-month month day-of-week) or 6 (second first),"
            f" not {len(parts) if text else 0}",
        )
    try:
        return CronSim(_ONE_IN_STEPS.sub(_the_one, text), _EPOCH)
    except (CronSimError, ValueError) as error:
        raise _complaint(str(error), parts) from None


def _the_one(found: re.Match[str]) -> str:
    return found[1] or found[2]


def _complaint(said: str, parts: list[str]) -> TriggerError:
    name = said.removeprefix("Bad ")
    if name == "day-of-month" and _is_sound([*parts[:-2], "*", parts[-1]]):
        return never()
    if name not in _HINTS:
        return TriggerError("expression", said)
    part = parts[list(_HINTS).index(name) - 6 + len(parts)]
    return TriggerError(
        "expression",
        f"{part!r} is no {name}: it takes {_HINTS[name]}, lists 1,2, ranges 1-5 (upwards), steps */2",
    )


def _is_sound(parts: list[str]) -> bool:
    try:
        CronSim(" ".join(parts), _EPOCH)
    except (CronSimError, ValueError):
        return False
    return True


def never(field: str = "expression") -> TriggerError:
    """What to raise for a rule without any day."""
    return TriggerError(field, "names a date that never comes (such as 31 February)")
