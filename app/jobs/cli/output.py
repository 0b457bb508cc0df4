"""What the commands print: JSON, tables, and remarks on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from ..config import Settings
from ..serialization.presenter import dump
from ..serialization.redaction import redactor_of

C = TypeVar("C", bound=Callable[..., Any])


def json_option(command: C) -> C:
    """The option --json of every command that reads."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")(command)


def redactor(settings: Settings) -> Callable[[Any], Any]:
    """Covers the values of the secret keys that the settings name."""
    return redactor_of(settings.redact).redact


def say(text: str) -> None:
    """A remark, on one line of stderr."""
    click.echo(plain(" ".join(text.split())), err=True)


def show_json(value: Any) -> None:
    """`value` as indented JSON in UTF-8 on stdout, whatever the terminal's encoding."""
    text = json.dumps(json.loads(dump(value)), indent=2, ensure_ascii=False)
    # A lone surrogate has no UTF-8; the escape of that handler is also the one of JSON.
    click.echo(text.encode(errors="backslashreplace"))


def show_table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns on stdout, each as wide as its widest cell."""
    cells = [[_cell(value) for value in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _print("  ".join(padded).rstrip())


def show_fields(fields: Iterable[tuple[str, Any]]) -> None:
    """One `name  value` a line on stdout, without those that are None."""
    known = [(name, _cell(value)) for name, value in fields if value is not None]
    width = max(len(name) for name, _ in known)
    for name, value in known:
        _print(f"{name.ljust(width)}  {value}".rstrip())


def plain(text: str) -> str:
    """`text` without what would move the cursor or colour the terminal of whoever reads it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def compact(value: Any) -> str:
    """`value` as JSON on one line."""
    return dump(value).decode()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "-"
    return plain(str(value))


def _print(line: str) -> None:
    click.echo(line.encode())
