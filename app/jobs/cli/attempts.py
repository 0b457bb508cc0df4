"""The runs of a job as text: `flask jobs show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from .output import print_lines, print_rows

_NAMES: Final = ("run", "attempt", "outcome", "worker", "claimed_at", "finished_at", "error")


def print_attempts(attempts: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each run, and below them the tracebacks as Python prints them."""
    click.echo()
    print_rows(_NAMES, [{**attempt, "error": _error(attempt["error"])} for attempt in attempts])
    for attempt in attempts:
        print_lines(_traceback(attempt))


def _error(error: Mapping[str, Any] | None) -> str | None:
    return None if error is None else f"{error['type']}: {error['message']}"


def _traceback(attempt: Mapping[str, Any]) -> Iterator[str]:
    if (error := attempt["error"]) is not None and error["traceback"]:
        yield ""
        yield f"run {attempt['run']}:"
        yield from error["traceback"].rstrip().split("\n")
