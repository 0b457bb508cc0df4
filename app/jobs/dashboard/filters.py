"""The filter bar: its words become parameters of the URL, and these are shown as chips."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..ids import is_id
from .rendering import path_of

WORDS: Final = ("state", "task", "queue", "tag", "schedule_id", "batch_id")
"""The filters that are typed as `word:value`; besides there are args.path:value and meta.path:value."""
_TIME: Final = re.compile(r"(created|started|finished)(<|>)(.+)")
_PATH: Final = re.compile(r"((?:args|meta)\.[^:]+):(.*)")


class Chip(NamedTuple):
    """A filter in force, and the path of the same list without it."""

    text: str
    path: str


def apply_bar(kept: Mapping[str, Sequence[str]], words: Sequence[str]) -> dict[str, list[str]]:
    """The parameters `kept` and those that `words` add: "task:add", "tag:x", "args.month:2026-11",
    "created>2026-11-01", or a bare name of a task. Raises ValueError for another word."""
    found = {name: list(values) for name, values in kept.items()}
    for word in words:
        name, value = _parameter(word)
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return found


def chips_of(shown: Mapping[str, Sequence[str]]) -> list[Chip]:
    """A chip for each value of each filter; the state has its tabs."""
    return [
        Chip(text_of(name, value), path_of("list_jobs", **_less(shown, name, value)))
        for name, values in shown.items()
        if name not in ("state", "sort", "limit")
        for value in values
    ]


def text_of(name: str, value: str) -> str:
    """A parameter of the URL as people read it: "task:add", "finished after 2026-11-27T02:00:00Z"."""
    of, _, side = name.rpartition("_")
    if side in ("after", "before") and of:
        return f"{of} {side} {value.replace('.000000', '')}"
    return f"{name}:{value}"


def without(shown: Mapping[str, Sequence[str]], name: str) -> dict[str, Sequence[str]]:
    """The parameters but one."""
    return {other: values for other, values in shown.items() if other != name}


def _less(shown: Mapping[str, Sequence[str]], name: str, value: str) -> dict[str, Sequence[str]]:
    left = [other for other in shown[name] if other != value]
    return {**without(shown, name), **({name: left} if left else {})}


def _parameter(word: str) -> tuple[str, str]:
    if match := _TIME.fullmatch(word):
        side = "after" if match[2] == ">" else "before"
        return f"{match[1]}_{side}", _moment(match[3])
    if match := _PATH.fullmatch(word):
        return match[1], match[2]
    name, separator, value = word.partition(":")
    if separator and name in WORDS and value:
        return name, value
    if separator:
        known = ", ".join(f"{each}:" for each in WORDS)
        raise ValueError(
            f"{word} is not a filter: there are {known} args.path:, created>, finished<, and so on"
        )
    return ("batch_id", word) if is_id(word) else ("task", word)


def _moment(text: str) -> str:
    """A date alone is its beginning, UTC."""
    return f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text
