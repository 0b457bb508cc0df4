"""The group `flask jobs`: its commands are imported when they are used."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from app.jobs import cli
from app.jobs.cli.group import MODULES, jobs_cli

from .commands import COMMANDS


def test_every_command_is_found_where_the_table_says() -> None:
    """What a module adds to the group stands in the table, and nothing else does."""
    for module in pkgutil.iter_modules(cli.__path__):
        import_module(f"{cli.__name__}.{module.name}")
    assert set(jobs_cli.commands) == set(MODULES) == set(COMMANDS)
