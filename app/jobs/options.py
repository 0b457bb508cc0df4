"""The options of a job: one table, from which checks, columns, HTTP fields, CLI flags and docs follow.

An entry is a key of a TypedDict: editors and mypy read its type, the package reads its Option. To add one,
add the entry; an attribute of `Job` of the same name shows it; what it does goes where it is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, TypedDict, cast, get_type_hints

from marshmallow import Schema
from sqlalchemy.orm import Session, scoped_session

from .checks import (
    NEAR_TIME,
    POSITIVE_SECONDS,
    QUEUE_NAME,
    SECONDS,
    Rule,
    is_seconds,
    matching,
    one_of,
    several,
    takes_one,
    text,
    whole,
)
from .errors import InvalidArguments, pointer, problem

Seconds = float | timedelta
Backoff = Seconds | Literal["exponential"] | Callable[[int], float]
"""How long, the word "exponential", or a function of the attempt that has just failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the package knows of an option. `help` is a sentence without its full stop.

    `default` is that of the task; with None the task may say None as well. `stored` makes a column of the
    same name. An option of a submission is given over HTTP and by a flag too, unless `python_only`; `flag`
    is its name there where it is another. `excludes` are options that cannot stand beside it. `aliases` are
    what other libraries call it: they are never accepted, but answered with its name.
    """

    help: str
    rule: Rule
    default: Any = None
    stored: bool = False
    python_only: bool = False
    flag: str | None = None
    excludes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


_BACKOFF: Final = Rule(
    object,
    'seconds (0 to ten years), "exponential", or a callable that takes the attempt and returns seconds',
    lambda value: value == "exponential" or is_seconds(value) or takes_one(value),
)
_EXCEPTION: Final = Rule(
    type, "an exception class", lambda value: isinstance(value, type) and issubclass(value, BaseException)
)
_ANYTHING: Final = Rule(object, "anything", lambda value: True)


class JobOptions(TypedDict, total=False):
    """Options of a task, for all of its jobs, and of a submission, for one."""

    queue: Annotated[
        str,
        Option(
            help="The queue in which its jobs wait",
            rule=matching(QUEUE_NAME, "the name of a queue: 1 to 64 letters, digits and . _ -", 64),
            default="default", stored=True, aliases=("queue_name", "routing_key", "executor"),
        ),
    ]  # fmt: skip
    priority: Annotated[
        int,
        Option(
            help="-1,000 to 1,000: the smaller number runs first, within a priority by due time",
            rule=whole(-1_000, 1_000), default=0, stored=True, aliases=("at_front", "weight"),
        ),
    ]  # fmt: skip
    timeout: Annotated[
        Seconds | None,
        Option(
            help="Seconds that an attempt may take",
            rule=POSITIVE_SECONDS, stored=True, aliases=("time_limit", "soft_time_limit", "job_timeout"),
        ),
    ]  # fmt: skip
    max_attempts: Annotated[
        int,
        Option(
            help="How many tries there are, the first one included (1 to 100)",
            rule=whole(1, 100), default=1, stored=True,
            aliases=("max_retries", "retries", "retry", "tries", "attempts"),
        ),
    ]  # fmt: skip
    tags: Annotated[
        list[str] | tuple[str, ...],
        Option(
            help="Up to 50 words to find its jobs by",
            rule=several(text(100), 50, "up to 50 texts of 1 to 100 printable characters"),
            default=(), stored=True, flag="tag", aliases=("labels", "headers"),
        ),
    ]  # fmt: skip


class SubmitOptions(JobOptions, total=False):
    """Options of a submission; None over HTTP counts as not given."""

    delay: Annotated[
        Seconds,
        Option(
            help="Seconds until it is due, at most ten years",
            rule=SECONDS, aliases=("countdown", "in", "enqueue_in", "time_delta", "schedule_in"),
        ),
    ]  # fmt: skip
    run_at: Annotated[
        datetime,
        Option(
            help="The time with its zone at which it is due; excludes `delay`",
            rule=NEAR_TIME, excludes=("delay",),
            aliases=("eta", "run_date", "next_run_time", "at", "enqueue_at", "scheduled_at", "when"),
        ),
    ]  # fmt: skip
    session: Annotated[
        Session | scoped_session[Any] | None,
        Option(
            help="Join the transaction of that session",
            rule=_ANYTHING, python_only=True, aliases=("db", "db_session"),
        ),
    ]  # fmt: skip


class TaskOptions(JobOptions, total=False):
    """Options of a task."""

    on_interrupt: Annotated[
        Literal["retry", "fail"],
        Option(
            help='`"fail"` makes its jobs at most once: a crash or a shutdown fails them',
            rule=one_of("retry", "fail"), default="retry", stored=True,
            aliases=("acks_late", "reject_on_worker_lost", "task_acks_late"),
        ),
    ]  # fmt: skip
    backoff: Annotated[
        Backoff,
        Option(
            help='Seconds before the next attempt: a number, `"exponential"`, or a callable of the attempt',
            rule=_BACKOFF, default="exponential",
            aliases=("retry_backoff", "default_retry_delay", "retry_delay", "interval"),
        ),
    ]  # fmt: skip
    retry_on: Annotated[
        type[BaseException] | tuple[type[BaseException], ...],
        Option(
            help="Which exceptions are worth another attempt; a timeout counts as an `Exception`",
            rule=several(_EXCEPTION, 100, "exception classes"), default=(Exception,),
            aliases=("autoretry_for", "retry_for"),
        ),
    ]  # fmt: skip
    schema: Annotated[
        Schema | type[Schema] | None,
        Option(
            help="A marshmallow schema for the arguments, in place of the annotations",
            rule=_ANYTHING, aliases=("args_schema", "validator", "pydantic"),
        ),
    ]  # fmt: skip


def _table(kind: type) -> dict[str, Option]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


OF_TASK: Final = _table(TaskOptions)
OF_SUBMISSION: Final = _table(SubmitOptions)
OUTSIDE: Final = {name: option for name, option in OF_SUBMISSION.items() if not option.python_only}
"""Those that a caller without Python may give: over HTTP, and by a flag."""
STORED: Final = {name: option for name, option in {**OF_TASK, **OF_SUBMISSION}.items() if option.stored}
"""Those with a column, in the order of `stored_values`."""
_PLACES: Final = {name: place for place, name in enumerate(STORED)}
NO_OPTIONS: Final[SubmitOptions] = {}


def read_options(words: Mapping[str, Any]) -> SubmitOptions:
    """The options of a submission without those that are None; lists become tuples.

    Raises InvalidArguments for unknown ones; the values are checked where the job is made.
    """
    if unknown := [word for word in words if word not in OF_SUBMISSION]:
        found = [problem(pointer("#", word), unknown_option(word, OF_SUBMISSION)) for word in unknown]
        raise InvalidArguments(found)
    given = ((name, value) for name, value in words.items() if value is not None)
    return cast(SubmitOptions, {name: read_value(name, value) for name, value in given})


def read_value(name: str, value: Any) -> Any:
    """A value as it is checked and stored: where several are meant a tuple, of a timedelta its seconds."""
    option = OF_TASK.get(name) or OF_SUBMISSION.get(name)
    if option is None or option.rule.kind is not tuple:
        return value.total_seconds() if isinstance(value, timedelta) else value
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def problems(
    options: Mapping[str, Any], known: Mapping[str, Option]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each place that does not fit, as (name, index…) and words; unknown names with the likely one."""
    for name, value in options.items():
        if name not in known:
            yield (name,), unknown_option(name, known)
        elif value is not None or known[name].default is not None:
            option = known[name]
            for steps, words in option.rule.problems(value):
                yield (name, *steps), words
            for other in option.excludes:
                if other in options:
                    yield (name,), f"{other} and {name} exclude each other"


def unknown_option(name: str, known: Mapping[str, Option]) -> str:
    """What to tell whoever gave an option that there is none of."""
    meant = {alias: real for real, option in known.items() for alias in (real, *option.aliases)}
    near = get_close_matches(name, meant, n=1, cutoff=0.7)
    hint = f"did you mean {meant[near[0]]}?" if near else f"there are {', '.join(sorted(known))}"
    return f"unknown option: {hint}"


def stored_values(options: Mapping[str, Any], defaults: Iterable[Any]) -> tuple[Any, ...]:
    """The values of STORED as their columns hold them; `defaults` are such values."""
    values = list(defaults)
    for name, value in options.items():
        if name in _PLACES:
            values[_PLACES[name]] = _as_stored(value)
    return tuple(values)


def _as_stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, tuple) else value


DEFAULTS: Final = tuple(_as_stored(option.default) for option in STORED.values())
"""What is stored where neither the task nor the submission says anything."""
