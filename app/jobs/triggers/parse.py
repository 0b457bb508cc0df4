"""From words (`"interval", seconds=30`) or a dict (`{"type": "interval", "seconds": 30}`) to a trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, cast

from .base import Trigger, TriggerError
from .date import DateTrigger
from .interval import IntervalTrigger

TYPES: Final[dict[str, Any]] = {"interval": IntervalTrigger, "date": DateTrigger}


def parse_trigger(trigger: str | Mapping[str, Any] | Trigger, **words: Any) -> Trigger:
    """The trigger that `trigger` and `words` describe; raises TriggerError naming the key at fault."""
    if isinstance(trigger, Mapping):
        words = {**trigger, **words}
        trigger = words.pop("type", "")
    if not isinstance(trigger, str):
        return cast(Trigger, trigger)
    made = TYPES.get(trigger)
    if made is None:
        raise TriggerError("type", f"{trigger!r} is not a trigger: choose one of {', '.join(TYPES)}")
    known = {field.name for field in fields(made)}
    for name in words:
        if name not in known:
            raise TriggerError(name, f"unknown for an {trigger} trigger: it takes {', '.join(sorted(known))}")
    try:
        return made(**words)  # type: ignore[no-any-return]
    except TypeError:
        raise TriggerError("run_at", "is required for a date trigger") from None
