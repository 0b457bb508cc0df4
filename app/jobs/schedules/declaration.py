"""A schedule as declared in code or given in a request, before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


def load_trigger(trigger: Any, default_zone: str | None = None) -> Trigger:
    """The trigger of a dict or a phrase; raises InvalidArguments with pointers such as #/trigger/seconds."""
    try:
        return parse_trigger(trigger, default_zone=default_zone)
    except TriggerError as error:
        raise InvalidArguments([problem(f"#/trigger/{error.field}", error)]) from None
