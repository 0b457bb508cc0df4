"""Output of the commands: JSON and tables on stdout, messages on stderr."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click

from ..config import Settings
from ..serialization.presenter import dump
from ..serialization.redaction import redactor_of

C = TypeVar("C", bound=Callable[..., Any])
_UNITS: Final[tuple[tuple[int, str], ...]] = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_KIND: Final = re.compile(r"_(at|seconds|id)$")
"""The end of a key that tells what kind of value it has."""


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
    """Print a table on stdout; a terminal cuts its lines, and shows times as how long ago they were."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    for line in table_lines(titles, rows, datetime.now(UTC) if is_terminal else None):
        _echo_line(fit(line, width))


def table_lines(
    titles: Sequence[str], rows: Iterable[Sequence[Any]], now: datetime | None = None
) -> list[str]:
    """The lines of a table, each column as wide as its widest cell; times as told from `now`, if given."""
    cells = [[_cell(value, now) for value in row] for row in (titles, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def fit(line: str, width: int | None) -> str:
    """`line` cut to `width`, with a mark where something is missing; None leaves it as it is."""
    return line if width is None or len(line) <= width else f"{line[: max(0, width - 1)]}…"


def since(moment: datetime, now: datetime) -> str:
    """How long ago that was, or in how long it will be, in the largest unit that fits."""
    seconds = (now - moment).total_seconds()
    size, unit = next(each for each in _UNITS if abs(seconds) >= each[0] or each[0] == 1)
    length = f"{int(abs(seconds) / size)} {unit}"
    return f"{length} ago" if seconds >= 0 else f"in {length}"


def print_rows(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a table of these keys of each row, which are its titles but for what kind of value they have."""
    titles = [_KIND.sub("", name).replace("_", " ").upper() for name in names]
    print_table(titles, ([_with_unit(name, row[name]) for name in names] for row in rows))


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


def _with_unit(name: str, value: Any) -> Any:
    return f"{value:.3g} s" if name.endswith("_seconds") and value is not None else value


def _cell(value: Any, now: datetime | None = None) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return utc.strftime("%Y-%m-%dT%H:%M:%SZ") if now is None else since(utc, now)
    if isinstance(value, list | tuple):
        return ", ".join(_cell(each, now) for each in value) or "-"
    return printable(str(value))


def _echo_line(line: str) -> None:
    # Bytes: a terminal with another encoding must not end the command with UnicodeEncodeError.
    click.echo(line.encode())
