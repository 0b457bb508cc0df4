"""Cron expressions: text of 5 or 6 fields, or an alias, to what its fields name."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from .base import TriggerError
from .cron_fields import Fields, parse_fields
from .zones import load_zone

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
_ZONE: Final = re.compile(r"(?:CRON_)?TZ=(\S*) ?(.*)")
_GO_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_DURATION: Final = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)", re.ASCII)


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


def split_zone(expression: str, timezone: Any) -> tuple[str, Any]:
    """The expression without `CRON_TZ=` or `TZ=` in front, and the zone that this or `timezone` names.

    Raises TriggerError for an unknown zone, and where the two are not the same.
    """
    text = tidy(expression)
    found = _ZONE.fullmatch(text)
    if found is None:
        return text, timezone
    try:
        named = load_zone(found[1]).key
    except TriggerError as error:
        raise TriggerError("expression", str(error)) from None
    if timezone is not None and load_zone(timezone).key != named:
        raise TriggerError("timezone", f"must not differ from that of the expression, {named}: name it once")
    return found[2], named


def every(expression: str) -> timedelta | None:
    """The period of `@every 1h30m` (a duration as Go writes it), None for another expression.

    Raises TriggerError for a duration that is none.
    """
    word, _, text = expression.partition(" ")
    if word.lower() != "@every":
        return None
    found = _GO_DURATION.findall(text)
    if not found or "".join(map("".join, found)) != text:
        raise TriggerError(
            "expression", f"{expression!r} is no interval: write hours, minutes and seconds, as @every 1h30m"
        )
    try:
        return timedelta(seconds=sum(float(number) * _GO_UNITS[unit] for number, unit in found))
    except OverflowError:
        raise TriggerError("expression", "must not be more than ten years") from None


def never(field: str = "expression") -> TriggerError:
    """What to raise for a rule without any day."""
    return TriggerError(field, "names a date that never comes (such as 31 February)")
