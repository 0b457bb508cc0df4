"""Which limits hold for a job: what the code says of its task, and what operators have set since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..options.limits import Limit, read_limit
from ..store.controls import CONCURRENCY, PAUSED, QUEUE, RATE, TASK, Controls
from ..store.limits import Counted
from .registry import TaskDefinition


class Applied(NamedTuple):
    """A limit that a job counts against, by its key; without a `limit` that queue or task is paused."""

    key: str
    kind: str
    name: str
    limit: Limit | None

    @property
    def subject(self) -> str:
        """Whose limit it is."""
        return subject_of(self.kind, self.name)

    @property
    def counts_as(self) -> str:
        """Its field of Counted."""
        if self.limit is not None and self.limit.seconds is not None:
            return "rate_key"
        return "queue_key" if self.kind == QUEUE else "limit_key"


class _Rule(NamedTuple):
    """A limit of a task or queue; `default` is the value of its argument where a job has none."""

    kind: str
    name: str
    limit: Limit | None
    default: Any = None

    def apply(self, args: Mapping[str, Any]) -> Applied:
        subject, limit = subject_of(self.kind, self.name), self.limit
        key = pause_key(subject) if limit is None else limit.key(subject, args, self.default)
        return Applied(key, self.kind, self.name, limit)


def subject_of(kind: str, name: str) -> str:
    """The queue or task in one text, which is in its keys."""
    return f"{kind} {name}"


def pause_key(subject: str) -> str:
    """The key under which the jobs of a paused task are parked."""
    return f"pause of {subject}"


def counted(job_id: str, applied: Iterable[Applied]) -> Counted:
    """The keys that a run of the job counts against."""
    names: Any = {each.counts_as: each.key for each in applied if each.limit is not None}
    return Counted(job_id, **names)


def keys_of(kind: str, name: str) -> tuple[str, ...]:
    """The keys of a queue or task as a whole, whatever its limits are."""
    subject = subject_of(kind, name)
    return pause_key(subject), subject, Limit(1, seconds=1.0).key(subject, {})


class Limits:
    """What holds by the code and the controls, of which it was made."""

    def __init__(self, tasks: Mapping[str, TaskDefinition], controls: Controls) -> None:
        self.tasks, self.controls = tasks, controls
        self.is_empty = not controls.by_subject and not any(
            task.options[setting] for task in tasks.values() for setting in ("concurrency", "rate")
        )
        """Whether nothing is limited at all."""
        self._rules: dict[tuple[str, str], Sequence[_Rule]] = {}

    def value(self, task: str, setting: str) -> Any:
        """A setting of a task: what an operator has set, else what the code says."""
        value = self.controls.value(TASK, task, setting)
        if value is None and setting != PAUSED and task in self.tasks:
            value = dict(self.tasks[task].options)[setting]
        return value

    def is_limited(self, task: str, queue: str) -> bool:
        """Whether anything may hold jobs of the task in the queue."""
        return bool(self._rules_of(task, queue))

    def of(self, task: str, queue: str, args: str) -> list[Applied]:
        """The limits that a job counts against, in the order in which they are looked at; `args` is JSON."""
        rules = self._rules_of(task, queue)
        by_argument = any(rule.limit is not None and rule.limit.arg is not None for rule in rules)
        given = json.loads(args) if by_argument else {}
        return [rule.apply(given) for rule in rules]

    def counted(self, job: Any) -> Counted:
        """The keys that a run of the job, a row of it, counts against."""
        return counted(job.id, self.of(job.task, job.queue, job.args))

    def _rules_of(self, task: str, queue: str) -> Sequence[_Rule]:
        rules = self._rules.get((task, queue))
        if rules is None:
            rules = self._rules[task, queue] = self._find_rules(task, queue)
        return rules

    def _find_rules(self, task: str, queue: str) -> Sequence[_Rule]:
        rules = []
        if self.controls.is_paused(TASK, task):
            rules.append(_Rule(TASK, task, None))
        if (limit := read_limit(self.controls.value(QUEUE, queue, CONCURRENCY))) is not None:
            rules.append(_Rule(QUEUE, queue, limit))
        for setting in (CONCURRENCY, RATE):
            if (limit := read_limit(self.value(task, setting))) is not None:
                rules.append(_Rule(TASK, task, limit, self._default(task, limit.arg)))
        return rules

    def _default(self, task: str, arg: str | None) -> Any:
        definition = self.tasks.get(task)
        return None if definition is None or arg is None else definition.default_of(arg)
