"""`flask jobs stats`."""

from __future__ import annotations

from typing import Any, Final

import click

from ..service import Overview
from ..service.overview import WINDOWS
from ..states import FINAL
from .group import jobs_cli, runtime
from .jobs import count_text
from .output import json_option, print_fields, print_json, print_rows, print_table

_OVERDUE: Final = ("JOB", "TASK", "WORKER", "STARTED", "TIMEOUT", "OVERDUE")
_WINDOW: Final = ("LAST", *(state.upper() for state in FINAL), "RUN P50", "RUN P95", "WAIT P50", "WAIT P95")
_BACKLOG: Final = ("queue", "task", "queued", "running", "oldest_seconds")


@jobs_cli.command("stats")
@click.option("--window", type=click.Choice(list(WINDOWS)), help="Numbers over time of this one only.")
@json_option
def stats(window: str | None, as_json: bool) -> None:
    """Show how many jobs are in which state, what waits, what each task has done, and what is overdue."""
    found, overview = runtime().status.stats(), runtime().overview
    if as_json:
        print_json({**found, **(overview.numbers(window) if window else {})})
        return
    print_table(("STATE", "JOBS"), [(state, count_text(count)) for state, count in found["states"].items()])
    click.echo()
    unserved = {"value": found["unserved"]["count"], "capped": found["unserved"]["capped"]}
    numbers = {name: value for name, value in found.items() if not isinstance(value, dict | list)}
    counts = {"unserved": count_text(unserved), "overdue_runs": found["overdue_runs"]["count"]}
    print_fields((numbers | counts).items())
    click.echo()
    print_table(_WINDOW, (_window(overview, name) for name in ([window] if window else WINDOWS)))
    _print_tables(found)


def _print_tables(found: dict[str, Any]) -> None:
    if backlog := found["backlog"]:
        rows = [each | {"queued": count_text(each["queued"])} for each in backlog]
        click.echo()
        print_rows(_BACKLOG, rows)
    if tasks := found["tasks"]:
        titles = [outcome.upper() for outcome in tasks[0]["outcomes"]]
        click.echo()
        print_table(("TASK", *titles), [(each["task"], *each["outcomes"].values()) for each in tasks])
    if overdue := found["overdue_runs"]["items"]:
        click.echo()
        print_table(_OVERDUE, map(_overdue, overdue))


def _window(overview: Overview, name: str) -> tuple[Any, ...]:
    ended, times = overview.throughput(name).items, overview.percentiles(name)
    counts = (sum(getattr(each, state) for each in ended) for state in FINAL)
    seconds = (times.run.p50, times.run.p95, times.wait.p50, times.wait.p95)
    return name, *counts, *(None if each is None else f"{each:.3g} s" for each in seconds)


def _overdue(run: dict[str, Any]) -> tuple[Any, ...]:
    times = run["started_at"], f"{run['timeout']:g} s", f"{run['overdue_seconds']:.1f} s"
    return run["job_id"], run["task"], run["worker"], *times
