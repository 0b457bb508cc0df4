"""Commands that change something: init-db, cancel, retry, delete."""

from __future__ import annotations

import click

from ..job import Job
from ..serialization.presenter import present
from .group import job_id, jobs_cli, runtime
from .output import json_option, redactor, say, show_json


@jobs_cli.command("init-db")
def init_db() -> None:
    """Create the tables that are missing; safe at the same time in several processes."""
    runtime().database.create_tables()
    say("The tables are there.")


@jobs_cli.command("cancel")
@click.argument("id", callback=job_id)
@json_option
def cancel(id: str, as_json: bool) -> None:
    """Cancel a job that does not run yet, ask a running one to stop."""
    job = runtime().service.cancel(id)
    _answer(job, as_json, "Cancelled." if job.is_final else "It runs, and was asked to stop.")


@jobs_cli.command("retry")
@click.argument("id", callback=job_id)
@json_option
def retry(id: str, as_json: bool) -> None:
    """Queue a finished job once more, its history kept."""
    _answer(runtime().service.retry(id), as_json, "Queued again.")


@jobs_cli.command("delete")
@click.argument("id", callback=job_id)
def delete(id: str) -> None:
    """Delete a finished job and its history."""
    runtime().service.delete(id)
    say("Deleted.")


def _answer(job: Job, as_json: bool, remark: str) -> None:
    if as_json:
        show_json(present(job, redactor(runtime().settings)))
    say(remark)
