"""`flask jobs schedules`, and its commands that only read: list, show, preview, history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from ..api.schemas import MOST_IN_PAGE, MOST_IN_PREVIEW
from ..schedules.triggers import parse_trigger
from ..schedules.triggers.describe import describe
from ..schedules.triggers.parse import TYPES
from .group import jobs_cli, runtime, schedule_id
from .output import compact, json_option, redactor, say, show_fields, show_json, show_table
from .triggers import Moment, read_trigger


@jobs_cli.group("schedules", invoke_without_command=True)
@json_option
@click.pass_context
def schedules(ctx: click.Context, as_json: bool) -> None:
    """Show the schedules, or do something about one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_schedules, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json goes after {ctx.invoked_subcommand}")


@schedules.command("list")
@json_option
def list_schedules(as_json: bool) -> None:
    """Show all schedules."""
    found = [shown(schedule) for schedule in runtime().service.schedules()]
    if as_json:
        show_json({"items": found})
    elif found:
        show_table(("ID", "TASK", "WHEN", "NEXT", "LAST", "STATE", "DECLARED BY"), map(_row, found))
    else:
        say("No schedules.")


@schedules.command("show")
@click.argument("id", callback=schedule_id)
@json_option
def show(id: str, as_json: bool) -> None:
    """Show one schedule with its policies."""
    schedule = shown(runtime().service.schedule(id))
    if as_json:
        show_json(schedule)
    else:
        fields = {**schedule, "trigger": _words(schedule), "args": compact(schedule["args"])}
        show_fields(fields.items())


@schedules.command("preview")
@click.argument("what", metavar="TRIGGER|ID")
@click.argument("words", nargs=-1, metavar="[EXPRESSION|TIME] [WORD=VALUE]...")
@click.option("--timezone", help="IANA name, such as Europe/Helsinki (default: UTC).")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, MOST_IN_PREVIEW))
@click.option("--after", type=Moment(), help="Those after this time alone (default: now).")
@json_option
def preview(
    what: str, words: tuple[str, ...], timezone: str | None, count: int, after: datetime | None, as_json: bool
) -> None:
    """Show a trigger in words, and its next fire times.

    As `cron "0 9 * * mon-fri" --timezone Europe/Helsinki`, `cron hour=9 day_of_week=mon-fri`,
    `interval minutes=5`, `date 2030-01-31T09:00Z`; or the ID of a schedule.
    """
    service = runtime().service
    if words or what in TYPES:
        found = service.preview(read_trigger(what, words, timezone), count, after)
    elif timezone is None:
        found = service.preview_schedule(schedule_id(None, None, what), count, after)
    else:
        raise click.UsageError("a schedule has a time zone of its own: leave --timezone out")
    if as_json:
        show_json(found)
        return
    click.echo(found["description"])
    if found["next"]:
        click.echo()
        rows = [(row["at"], row["local"], row.get("note", "")) for row in found["next"]]
        show_table(("AT", "LOCAL", "NOTE"), rows)
    else:
        say("No fire time is left.")


@schedules.command("history")
@click.argument("id", callback=schedule_id)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST_IN_PAGE))
@click.option("--before", type=Moment(), help="Only fire times before this time.")
@json_option
def history(id: str, limit: int, before: datetime | None, as_json: bool) -> None:
    """Show what was decided about its fire times, the newest first."""
    found = runtime().service.schedule_history(id, limit, before)
    if as_json:
        show_json({"items": found})
    elif found:
        titles = ("FIRE TIME", "DECISION", "COUNT", "LATE", "JOB", "REASON")
        names = ("fire_time", "decision", "count", "late_seconds", "job_id", "reason")
        rows = [{**row, "late_seconds": f"{row['late_seconds']:.3f} s"} for row in found]
        show_table(titles, [[row[name] for name in names] for row in rows])
    else:
        say("No fire time has come yet.")


def shown(schedule: dict[str, Any]) -> dict[str, Any]:
    """The schedule with the secrets in its arguments covered."""
    return {**schedule, "args": redactor(runtime().settings)(schedule["args"])}


def _row(schedule: dict[str, Any]) -> tuple[Any, ...]:
    return (
        schedule["id"], schedule["task"], _words(schedule), schedule["next_fire_at"],
        schedule["last_fire_at"], _state(schedule), schedule["declared_by"],
    )  # fmt: skip


def _state(schedule: dict[str, Any]) -> str:
    if schedule["paused"]:
        return "paused"
    if schedule["overdue"]:
        return "overdue"
    return "ended" if schedule["next_fire_at"] is None else "active"


def _words(schedule: dict[str, Any]) -> str:
    return describe(parse_trigger(schedule["trigger"]))
