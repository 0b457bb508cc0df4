"""From words (`"interval", seconds=30`) or a dict (`{"type": "interval", "seconds": 30}`) to a trigger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from .base import Trigger, TriggerError
from .calendar import CalendarTrigger
from .combined import MOST, OrTrigger
from .cron import CronTrigger
from .cron_expression import every, split_zone
from .date import DateTrigger
from .interval import UNITS, IntervalTrigger
from .zones import load_zone

TYPES: Final[dict[str, Any]] = {
    "interval": IntervalTrigger,
    "date": DateTrigger,
    "cron": CronTrigger,
    "calendar": CalendarTrigger,
    "or": OrTrigger,
}
BESIDE: Final = ("args", "misfire", "misfire_grace", "max_running", "jitter")
"""Words of a schedule that are none of its trigger."""
ELSEWHERE: Final = {
    "start_date": "start_at", "end_date": "end_at", "run_date": "run_at", "crontab": "expression",
    "max_instances": "max_running", "coalesce": "misfire", "misfire_grace_time": "misfire_grace",
    "kwargs": "args",
}  # fmt: skip
"""What APScheduler and others say, and our word for it."""


def parse_trigger(
    trigger: str | timedelta | Mapping[str, Any] | Trigger,
    /,
    *,
    default_zone: str | None = None,
    **words: Any,
) -> Trigger:
    """The trigger that `trigger` and `words` describe; raises TriggerError naming the key at fault.

    A timedelta is an interval of that length. `default_zone` is the timezone of a trigger whose words name
    none; a trigger that is one already stays as it is.
    """
    if isinstance(trigger, tuple(TYPES.values())):
        if words:
            raise TriggerError(next(iter(words)), "is for a trigger that is given by its name")
        return trigger  # type: ignore[return-value]
    if isinstance(trigger, timedelta):
        trigger, words = "interval", {"seconds": trigger, **words}
    if isinstance(trigger, Mapping):
        words = {**{str(name): value for name, value in trigger.items()}, **words}
        trigger = words.pop("type", "")
    if not isinstance(trigger, str) or trigger not in TYPES:
        raise TriggerError("type", f"{_short(trigger)} is not a trigger: choose one of {', '.join(TYPES)}")
    if trigger == "cron" and isinstance(words.get("expression"), str):
        return _cron(words, default_zone)
    return _made(trigger, words, default_zone)


def _cron(words: dict[str, Any], default_zone: str | None) -> Trigger:
    """A cron expression may begin with its zone, and `@every 5m` is the interval that it says."""
    expression, zone = split_zone(words["expression"], words.get("timezone"))
    words = {**words, "expression": expression, "timezone": zone}
    period = every(expression)
    if period is None:
        return _made("cron", words, default_zone)
    del words["expression"]
    try:
        return _made("interval", {**words, "seconds": period}, default_zone)
    except TriggerError as error:
        raise TriggerError("expression" if error.field in UNITS else error.field, str(error)) from None


def _made(name: str, words: dict[str, Any], default_zone: str | None) -> Trigger:
    made = TYPES[name]
    known = {field.name: field for field in fields(made) if field.init}
    for word in words:
        if word not in known:
            raise TriggerError(word, f"unknown for the {name} trigger: {_hint(word, known)}")
    for field in known.values():
        if field.default is MISSING and field.name not in words:
            raise TriggerError(field.name, f"is required for the {name} trigger")
    if words.get("timezone") is None:
        words = {**words, "timezone": default_zone}
    if made is OrTrigger:
        words = {**words, "triggers": _members(words["triggers"], words["timezone"])}
    return made(**words)  # type: ignore[no-any-return]


def _hint(word: str, known: Collection[str]) -> str:
    """What to tell whoever said a word that this trigger does not take."""
    if word in BESIDE:
        return "it goes beside the trigger"
    meant = {other: ours for other, ours in ELSEWHERE.items() if ours in known or ours in BESIDE}
    meant |= {ours: ours for ours in (*known, *BESIDE)}
    near = get_close_matches(word, meant, n=1, cutoff=0.75)
    return f"did you mean {meant[near[0]]}?" if near else f"it takes {', '.join(known)}"


def _members(members: Any, timezone: str | None) -> tuple[Trigger, ...]:
    if not isinstance(members, list | tuple) or not 1 <= len(members) <= MOST:
        raise TriggerError("triggers", f"must be a list of 1 to {MOST} triggers")
    zone = load_zone("UTC" if timezone is None else timezone).key
    found = []
    for place, member in enumerate(members):
        try:
            found.append(_member(member, zone))
        except TriggerError as error:
            raise TriggerError(f"triggers/{place}/{error.field}", str(error)) from None
    return tuple(found)


def _member(member: Any, zone: str) -> Trigger:
    words: Any = member.as_dict() if isinstance(member, Trigger) else member
    if isinstance(words, Mapping) and words.get("type") == "or":
        raise TriggerError("type", "an or is no part of another one: put its triggers into one list")
    return parse_trigger(words, default_zone=zone)


def _short(value: object) -> str:
    return repr(value[:50]) if isinstance(value, str) else type(value).__name__
