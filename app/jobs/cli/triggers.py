"""Parses triggers, policies and times of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import click

from ..schedules.triggers import TriggerError
from ..schedules.triggers.base import aware, moment_of
from ..schedules.triggers.calendar import CLOCK
from ..schedules.triggers.calendar import UNITS as CALENDAR_UNITS
from ..schedules.triggers.interval import UNITS
from .arguments import coerce, read_pairs

_UNNAMED: Final = {"cron": "expression", "date": "run_at"}
"""The field of a trigger that may be typed without its name."""
_ZONES: Final = ("TZ=", "CRON_TZ=")
"""What a cron expression may begin with."""
_SCHEMA: Final = {
    "properties": {
        **{name: {"type": "number"} for name in (*UNITS, *CALENDAR_UNITS, *CLOCK)},
        "start_now": {"type": "boolean"},
    },
    "additionalProperties": {"type": "string"},
}


class Moment(click.ParamType):  # type: ignore[type-arg]
    """Click type: a time with a time zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time in UTC; fails for other text."""
        try:
            return aware("time", moment_of("time", value))
        except TriggerError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def read_trigger(kind: str, words: Iterable[str], timezone: str | None) -> dict[str, Any]:
    """The trigger that is typed as `cron "0 9 * * *"`, `date 2030-01-31T09:00Z`, `interval minutes=5`.

    Its values are checked by the trigger itself. Raises click.UsageError for a word that is not a pair.
    """
    words = list(words)
    bare = [word for word in words if "=" not in word or word.startswith(_ZONES)]
    pairs = [word for word in words if word not in bare]
    if bare and (len(bare) > 1 or kind not in _UNNAMED):
        # Nearly always a cron expression that the shell has split into its fields.
        hint = "quote the expression as one word" if kind == "cron" else f"write {kind} name=value"
        raise click.UsageError(f"{bare[-1]!r} is not part of a trigger: {hint}")
    found = read_pairs([f"{_UNNAMED[kind]}={word}" for word in bare] + pairs, _SCHEMA)
    return {"type": kind, **found, **({} if timezone is None else {"timezone": timezone})}


def read_policy(options: Mapping[str, str | None]) -> dict[str, Any]:
    """The policies that were given; `none` is None where a number is expected. Not checked here."""
    given = {name: text for name, text in options.items() if text is not None}
    return {name: text if name == "misfire" else _number(text) for name, text in given.items()}


def _number(text: str) -> Any:
    return None if text in ("none", "null") else coerce(text, {"type": "number"})
