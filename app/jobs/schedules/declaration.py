"""A schedule as declared in code or given in a request, before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ..checks import SLUG_RULE, is_slug
from ..errors import InvalidArguments, problem
from .policy import Policy
from .triggers import Trigger, TriggerError, parse_trigger


@dataclass(frozen=True)
class Declaration:
    """A schedule's id, task, trigger, arguments and policy."""

    id: str
    task: str
    trigger: Trigger
    args: Mapping[str, Any]
    policy: Policy = field(default_factory=Policy)
    trigger_words: Mapping[str, Any] | None = None
    """What code says of the trigger, for apps that differ in their time zone; None where that is settled."""

    @classmethod
    def of(cls, id: Any, values: Mapping[str, Any], default_zone: str | None = None) -> Declaration:
        """From the fields of a schedule's JSON: task, trigger, args, policies.

        `default_zone` is the timezone of a trigger that names none.
        Raises InvalidArguments with pointers such as #/id and #/trigger/seconds.
        """
        if not is_slug(id):
            raise InvalidArguments([problem("#/id", f"must be {SLUG_RULE}")])
        policy = Policy.of({name: values[name] for name in Policy.field_names() if name in values})
        trigger = load_trigger(values["trigger"], default_zone)
        args = values.get("args")
        return cls(id, values["task"], trigger, {} if args is None else args, policy)

    def in_zone(self, timezone: str | None) -> Declaration:
        """The same in an app whose triggers have that timezone where their words name none."""
        if timezone is None or self.trigger_words is None:
            return self
        return replace(self, trigger=load_trigger(self.trigger_words, timezone), trigger_words=None)


def trigger_words(trigger: Any, words: Mapping[str, Any]) -> Any:
    """The trigger and the keywords beside it as one dict; other types are left to the trigger's check."""
    if isinstance(trigger, str):
        trigger = {"type": trigger}
    elif isinstance(trigger, timedelta):
        trigger = {"type": "interval", "seconds": trigger}
    elif words and isinstance(trigger, Trigger):
        trigger = trigger.as_dict()
    return {**trigger, **words} if isinstance(trigger, Mapping) else trigger


def load_trigger(trigger: Any, default_zone: str | None = None) -> Trigger:
    """The trigger of a dict or a phrase; raises InvalidArguments with pointers such as #/trigger/seconds."""
    try:
        return parse_trigger(trigger, default_zone=default_zone)
    except TriggerError as error:
        raise InvalidArguments([problem(f"#/trigger/{error.field}", error)]) from None
