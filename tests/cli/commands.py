"""All commands, which the group itself imports one by one when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import click

from app.jobs.cli import jobs_cli

_CONTEXT: Final = click.Context(jobs_cli)
COMMANDS: Final[Mapping[str, click.Command]] = {
    name: command
    for name in jobs_cli.list_commands(_CONTEXT)
    if (command := jobs_cli.get_command(_CONTEXT, name)) is not None
}
