"""The command `logs`."""

from __future__ import annotations

from typing import Any

import click

from ..serialization.log_text import present_line, text_of_line
from ..service.logs import LEVELS
from ..values import LogLine
from .exit_codes import INTERRUPTED
from .group import jobs_cli, runtime
from .output import json_option, print_json, print_lines
from .selection import find_id


@jobs_cli.command("logs")
@click.argument("id")
@click.option("-f", "--follow", is_flag=True, help="Go on with what it logs until it has ended.")
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False), help="Of this level or above.")
@click.option("--after", metavar="CURSOR", help="Behind this cursor, as --json shows it.")
@json_option
def logs(id: str, follow: bool, level: str | None, after: str | None, as_json: bool) -> None:
    """Show what a job has logged, all attempts after one another.

    ID may be the beginning of one that no other shares.
    """
    if follow and as_json:
        raise click.UsageError("--follow prints lines: leave out one of --follow and --json")
    found, id = runtime().logs, find_id(id)
    items: list[dict[str, Any]] = []
    while True:
        try:
            page = found.wait(id, 1.0, after, level) if follow else found.read(id, after, level)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None
        items += [present_line(line, True) for line in page if as_json]
        if not as_json:
            _print(page)
        after = page.next_cursor
        if page.is_last or not (page or follow):
            break
    if as_json:
        print_json({"items": items, "next_cursor": after})


def _print(lines: list[LogLine]) -> None:
    for line in lines:
        print_lines(text_of_line(line, True).split("\n"))
