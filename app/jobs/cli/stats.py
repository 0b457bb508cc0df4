"""`flask jobs stats`."""

from __future__ import annotations

from typing import Any, Final

import click

from .group import jobs_cli, runtime
from .jobs import count_text
from .output import json_option, print_fields, print_json, print_table

_OVERDUE: Final = ("JOB", "TASK", "WORKER", "STARTED", "TIMEOUT", "OVERDUE")
_BACKLOG: Final = ("queue", "task", "queued", "running", "oldest_seconds")


@jobs_cli.command("stats")
@json_option
def stats(as_json: bool) -> None:
    """Show how many jobs are in which state, what waits, what each task has done, and what is overdue."""
    found = runtime().status.stats()
    if as_json:
        print_json(found)
        return
    print_table(("STATE", "JOBS"), [(state, count_text(count)) for state, count in found["states"].items()])
    click.echo()
    unserved = {"value": found["unserved"]["count"], "capped": found["unserved"]["capped"]}
    numbers = {name: value for name, value in found.items() if not isinstance(value, dict | list)}
    counts = {"unserved": count_text(unserved), "overdue_runs": found["overdue_runs"]["count"]}
    print_fields((numbers | counts).items())
    _print_tables(found)


def _print_tables(found: dict[str, Any]) -> None:
    if backlog := found["backlog"]:
        rows = [each | {"queued": count_text(each["queued"])} for each in backlog]
        click.echo()
        print_table([name.upper() for name in _BACKLOG], [[row[name] for name in _BACKLOG] for row in rows])
    if tasks := found["tasks"]:
        titles = [outcome.upper() for outcome in tasks[0]["outcomes"]]
        click.echo()
        print_table(("TASK", *titles), [(each["task"], *each["outcomes"].values()) for each in tasks])
    if overdue := found["overdue_runs"]["items"]:
        click.echo()
        print_table(_OVERDUE, map(_overdue, overdue))


def _overdue(run: dict[str, Any]) -> tuple[Any, ...]:
    times = run["started_at"], f"{run['timeout']:g} s", f"{run['overdue_seconds']:.1f} s"
    return run["job_id"], run["task"], run["worker"], *times
