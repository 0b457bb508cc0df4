"""The values of options: read from what a caller gave, checked, and as their columns hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final, cast

from ..checks import json_text
from ..errors import InvalidArguments, pointer, problem
from ..job import Job
from ..values import Batch
from .definitions import OF_SUBMISSION, OF_TASK, STORED, SubmitOptions
from .option import Option

_PLACES: Final = {name: place for place, name in enumerate(STORED)}


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
    """A value as it is checked and stored.

    Where several are meant a tuple, of a timedelta its seconds, of a job or a batch its id.
    """
    option = OF_TASK.get(name) or OF_SUBMISSION.get(name)
    if option is None or option.rule.kind is not tuple:
        return value.total_seconds() if isinstance(value, timedelta) else value
    items = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return tuple(item.id if isinstance(item, Job | Batch) else item for item in items)


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
    if isinstance(value, dict):
        return json_text(value)
    return json.dumps(value) if isinstance(value, tuple) else value


DEFAULTS: Final = tuple(_as_stored(option.default) for option in STORED.values())
"""What is stored where neither the task nor the submission says anything."""
