"""From words (`"interval", seconds=30`) or a dict (`{"type": "interval", "seconds": 30}`) to a trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from .base import Trigger, TriggerError
from .cron import CronTrigger
from .date import DateTrigger
from .interval import IntervalTrigger

TYPES: Final[dict[str, Any]] = {"interval": IntervalTrigger, "date": DateTrigger, "cron": CronTrigger}


def parse_trigger(trigger: str | Mapping[str, Any] | Trigger, **words: Any) -> Trigger:
    """The trigger that `trigger` and `words` describe; raises TriggerError naming the key at fault."""
    if isinstance(trigger, tuple(TYPES.values())):
        if words:
            raise TriggerError(next(iter(words)), "is for a trigger that is given by its name")
        return trigger  # type: ignore[return-value]
    if isinstance(trigger, Mapping):
        words = {**{str(name): value for name, value in trigger.items()}, **words}
        trigger = words.pop("type", "")
    if not isinstance(trigger, str) or trigger not in TYPES:
        raise TriggerError("type", f"{_short(trigger)} is not a trigger: choose one of {', '.join(TYPES)}")
    return _made(trigger, words)  # type: ignore[no-any-return]


def _made(name: str, words: dict[str, Any]) -> Any:
    made = TYPES[name]
    known = {field.name: field for field in fields(made) if field.init}
    for word in words:
        if word not in known:
            raise TriggerError(word, f"unknown for the {name} trigger: it takes {', '.join(known)}")
    for field in known.values():
        if field.default is MISSING and field.name not in words:
            raise TriggerError(field.name, f"is required for the {name} trigger")
    return made(**words)


def _short(value: object) -> str:
    return repr(value[:50]) if isinstance(value, str) else type(value).__name__
