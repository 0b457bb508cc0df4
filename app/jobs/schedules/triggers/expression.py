"""Cron expressions: text of 5 or 6 fields, or an alias, to what its fields name."""

from __future__ import annotations

from typing import Final

from .base import TriggerError
from .fields import Fields, parse_fields

LONGEST: Final = 200
ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@every_minute": "* * * * *",
    "@every_second": "* * * * * *",
}


def tidy(expression: object) -> str:
    """The expression with single spaces; raises TriggerError for what is no text, or too long a one."""
    if not isinstance(expression, str):
        raise TriggerError("expression", "must be a text such as '0 9 * * MON-FRI'")
    if len(expression) > LONGEST:
        raise TriggerError("expression", f"must not be longer than {LONGEST} characters")
    return " ".join(expression.split())


def read(expression: str) -> Fields:
    """What a tidy expression or alias names; raises TriggerError saying what is wrong."""
    text = ALIASES.get(expression.lower(), expression)
    if text.startswith("@"):
        raise TriggerError("expression", f"{expression!r} is not one of {', '.join(ALIASES)} or @every 5m")
    parts = text.upper().split(" ")
    if len(parts) not in (5, 6) or not text:
        raise TriggerError(
            "expression",
            "must have 5 fields (minute hour day-of-month month day-of-week) or 6 (second first),"
            f" not {len(parts) if text else 0}",
        )
    return parse_fields(parts if len(parts) == 6 else ["0", *parts])


def never(field: str = "expression") -> TriggerError:
    """What to raise for a rule without any day."""
    return TriggerError(field, "names a date that never comes (such as 31 February)")
