"""How the commands name jobs: by ids, by the beginnings of ids, and by filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import click

from ..errors import JobNotFound
from ..ids import is_id
from ..states import STATES
from ..store.job_filters import TIMES
from .group import require_utf8, runtime
from .triggers import Moment

SHORTEST_PREFIX: Final = 4
MOST_SHOWN: Final = 10
"""Ids that are listed where a prefix fits several, at most."""
_PREFIX: Final = re.compile(r"[0-9a-f-]+")


def find_id(text: str) -> str:
    """The id of the job that is meant: `text` itself, or the only id that begins so.

    Raises JobNotFound, and click.UsageError for a prefix that fits several.
    """
    if is_id(text):
        return text
    # Not BadParameter: a script that polls an id gets exit code 3 for an id that never was, too.
    if len(text) < SHORTEST_PREFIX or not _PREFIX.fullmatch(text):
        raise JobNotFound(
            f"no job has the id {text!r}; its first {SHORTEST_PREFIX} characters or more will do"
        )
    found = runtime().jobs.ids_with_prefix(text, MOST_SHOWN + 1)
    if not found:
        raise JobNotFound(f"no job has an id that begins with {text!r}")
    if len(found) > 1:
        shown = [*found[:MOST_SHOWN], *(["…"] if len(found) > MOST_SHOWN else [])]
        raise click.UsageError(f"several jobs have an id that begins with {text!r}: {', '.join(shown)}")
    return found[0]


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """A flag for each filter of jobs."""
    for name in reversed(TIMES):
        of, side = name.split("_")
        words = f"{of.capitalize()} {side} this time."
        command = click.option(f"--{of}-{side}", type=Moment(), metavar="TIME", help=words)(command)
    for name, words in (("tag", "With this tag"), ("queue", "In this queue"), ("task", "Of this task")):
        repeated = f"{words}; repeat to mean or."
        command = click.option(f"--{name}", multiple=True, callback=require_utf8, help=repeated)(command)
    states = click.Choice(STATES)
    return click.option("--state", multiple=True, type=states, help="In this state; repeat to mean or.")(
        command
    )


def given(filters: dict[str, Any]) -> dict[str, Any]:
    """Those of the filters that were typed."""
    return {name: value for name, value in filters.items() if value not in (None, ())}
