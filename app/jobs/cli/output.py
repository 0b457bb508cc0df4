"""Output of the commands: JSON and tables on stdout, messages on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """The function that redacts the secret keys of the settings in a JSON value."""
    return redactor_of(settings.redact).redact


def echo_stderr(text: str) -> None:
    """Print a message on one line of stderr."""
    click.echo(printable(" ".join(text.split())), err=True)


def print_json(value: Any) -> None:
    """Print `value` as indented JSON in UTF-8 on stdout, whatever the terminal's encoding."""
    text = json.dumps(json.loads(dump(value)), indent=2, ensure_ascii=False)
    # A lone surrogate cannot be encoded; this handler's escape \udXXX is JSON's escape too.
    click.echo(text.encode(errors="backslashreplace"))


def print_table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout, each column as wide as its widest cell."""
    cells = [[_cell(value) for value in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _echo_line("  ".join(padded).rstrip())


def print_rows(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a table of these keys of each row, which are its titles but for what kind of value they have."""
    titles = [name.removesuffix("_at").removesuffix("_seconds").replace("_", " ").upper() for name in names]
    print_table(titles, ([row[name] for name in names] for row in rows))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout."""
    for line in lines:
        _echo_line(printable(line))


def print_fields(fields: Iterable[tuple[str, Any]]) -> None:
    """Print `name  value` lines on stdout, leaving out values that are None."""
    known = [(name, _cell(value)) for name, value in fields if value is not None]
    width = max(len(name) for name, _ in known)
    for name, value in known:
        _echo_line(f"{name.ljust(width)}  {value}".rstrip())


def printable(text: str) -> str:
    """`text` without control characters."""
    # Job data may hold escape sequences that rewrite the terminal of the operator who lists it.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def json_line(value: Any) -> str:
    """`value` as JSON on one line."""
    return dump(value).decode()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "-"
    return printable(str(value))


def _echo_line(line: str) -> None:
    # Bytes: a terminal with another encoding must not end the command with UnicodeEncodeError.
    click.echo(line.encode())
