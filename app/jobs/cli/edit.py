"""The command `edit`."""

from __future__ import annotations

from typing import Any

import click

from ..job import Job
from ..service.job_factory import CHANGEABLE
from .actions import print_job
from .arguments import read_pairs
from .group import CALLER, jobs_cli, runtime
from .output import json_option
from .selection import find_id
from .submit import option_flags


@jobs_cli.command("edit")
@click.argument("id")
@click.argument("pairs", nargs=-1, metavar="[KEY=TEXT | KEY:=JSON]...")
@option_flags(CHANGEABLE)
@json_option
def edit(id: str, pairs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Change a job that has not begun. ID may be the beginning of one that no other shares.

    KEY=TEXT and KEY:=JSON are arguments, as of submit; those that are not named stay. --tag replaces all.
    """
    run, job_id = runtime(), find_id(id)

    def changes(stored: Job) -> dict[str, Any]:
        changed = {name: value for name, value in options.items() if value not in (None, ())}
        if pairs:
            schema = run.registry.get(stored.task).arguments.json_schema()
            changed["args"] = {**stored.args, **read_pairs(pairs, schema)}
        return changed

    print_job(run.edits.edit(job_id, changes, by=CALLER), as_json, "Changed.")
