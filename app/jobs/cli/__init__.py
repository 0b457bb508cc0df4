"""`flask jobs …`: the commands of an operator.

Results go to stdout and everything else to stderr. Exit codes: 0 ok, 1 the job failed (or the command
could not be carried out), 2 usage, 3 not found, 4 cancelled, 5 refused in this state, 124 a wait timed out.
"""

from __future__ import annotations

from flask import Flask

from ..errors import ConfigError
from .group import jobs_cli

__all__ = ["add_commands", "jobs_cli"]


def add_commands(app: Flask, name: str | None) -> None:
    """Add the commands to `flask` as a group of that name; None adds none.

    Raises ConfigError where the app has a command of that name, which would be lost.
    """
    if name is None:
        return
    if app.cli.commands.get(name, jobs_cli) is not jobs_cli:
        raise ConfigError(
            f"the app has a command `flask {name}` of its own: name ours with JOBS_CLI_GROUP, such as"
            ' JOBS_CLI_GROUP = "simmer", or set it to None'
        )
    app.cli.add_command(jobs_cli, name)
