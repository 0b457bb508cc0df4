"""`flask jobs …`: the commands of an operator."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

jobs_cli = AppGroup("jobs", help="Background jobs: submit, watch, run.")


@jobs_cli.command("init-db")
def init_db() -> None:
    """Create the tables that are missing."""
    current_app.extensions["simmer"].database.create_tables()
    click.echo("The tables are there.", err=True)
