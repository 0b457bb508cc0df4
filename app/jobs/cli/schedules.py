"""`flask jobs schedules` and its commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import click

from ..api.requests import MOST_IN_PAGE, MOST_IN_PREVIEW
from ..schedules.triggers import parse_trigger
from ..schedules.triggers.describe import describe
from ..schedules.triggers.parse import TYPES
from ..serialization.presenter import present
from ..values import Schedule
from .arguments import read_pairs
from .group import CALLER, jobs_cli, runtime, schedule_id
from .output import (
    echo_stderr,
    json_line,
    json_option,
    print_fields,
    print_json,
    print_rows,
    print_table,
    redactor,
)
from .triggers import Moment, read_policy, read_trigger

_FIRE: Final = ("fire_time", "decision", "count", "late_seconds", "job_id", "reason", "by")


@jobs_cli.group("schedules", invoke_without_command=True)
@json_option
@click.pass_context
def schedules(ctx: click.Context, as_json: bool) -> None:
    """Show the schedules, or manage one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_schedules, as_json=as_json)
    elif as_json:
        # `schedules --json pause x` would print no JSON: click gives the flag to the group alone.
        raise click.UsageError(f"--json goes after {ctx.invoked_subcommand}")


@schedules.command("list")
@json_option
def list_schedules(as_json: bool) -> None:
    """Show all schedules."""
    found = runtime().schedules.all()
    if as_json:
        print_json({"items": [redacted(schedule) for schedule in found]})
    elif found:
        print_table(("ID", "TASK", "WHEN", "NEXT", "LAST", "STATE", "DECLARED BY"), map(_row, found))
    else:
        echo_stderr("No schedules.")


@schedules.command("show")
@click.argument("id", callback=schedule_id)
@json_option
def show(id: str, as_json: bool) -> None:
    """Show one schedule with its policies."""
    schedule = runtime().schedules.get(id)
    if as_json:
        print_json(redacted(schedule))
    else:
        fields = redacted(schedule)
        fields |= {"trigger": _trigger_text(schedule), "args": json_line(fields["args"])}
        print_fields(fields.items())


@schedules.command("preview")
@click.argument("what", metavar="TRIGGER|ID")
@click.argument("words", nargs=-1, metavar="[EXPRESSION|TIME] [WORD=VALUE]...")
@click.option("--timezone", help="IANA name, such as Europe/Helsinki (default: JOBS_TIMEZONE).")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, MOST_IN_PREVIEW))
@click.option("--after", type=Moment(), help="Those after this time alone (default: now).")
@json_option
def preview(
    what: str, words: tuple[str, ...], timezone: str | None, count: int, after: datetime | None, as_json: bool
) -> None:
    """Show the description of a trigger, and its next fire times.

    As `cron "0 9 * * mon-fri" --timezone Europe/Helsinki`, `cron hour=9 day_of_week=mon-fri`,
    `interval minutes=5`, `date 2030-01-31T09:00Z`; or the ID of a schedule.
    """
    use_cases = runtime().schedules
    # A trigger type wins over a schedule of that name; `schedules show` tells of the latter.
    if words or what in TYPES:
        found = use_cases.preview(read_trigger(what, words, timezone), count, after)
    elif timezone is None:
        found = use_cases.preview_stored(schedule_id(None, None, what), count, after)
    else:
        raise click.UsageError("a schedule has a time zone of its own: leave --timezone out")
    if as_json:
        print_json(found)
        return
    click.echo(found["description"])
    if found["next"]:
        click.echo()
        rows = [(row["at"], row["local"], row.get("note", "")) for row in found["next"]]
        print_table(("AT", "LOCAL", "NOTE"), rows)
    else:
        echo_stderr("No fire time is left.")


@schedules.command("history")
@click.argument("id", callback=schedule_id)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST_IN_PAGE))
@click.option("--before", type=Moment(), help="Only fire times before this time.")
@json_option
def history(id: str, limit: int, before: datetime | None, as_json: bool) -> None:
    """Show the decisions about its fire times, the newest first."""
    found = runtime().schedules.history(id, limit, before)
    if as_json:
        print_json({"items": found})
    elif found:
        print_rows(_FIRE, found)
    else:
        echo_stderr("No fire time has come yet.")


@schedules.command("add")
@click.argument("task")
@click.argument("trigger")
@click.argument("expression", nargs=-1, metavar="[EXPRESSION|TIME] [WORD=VALUE]...")
@click.option("--id", "slug", help="Its id (default: a new UUID).")
@click.option("--arg", "args", multiple=True, metavar="KEY=TEXT|KEY:=JSON", help="Repeat for more.")
@click.option("--timezone", help="IANA name, such as Europe/Helsinki (default: JOBS_TIMEZONE).")
@click.option("--misfire", metavar="latest|all|skip", help="What runs of the fire times that were missed.")
@click.option("--misfire-grace", metavar="SECONDS|none", help="What is seen later than this does not run.")
@click.option("--max-running", metavar="COUNT|none", help="A fire time is skipped while so many jobs run.")
@click.option("--jitter", metavar="SECONDS", help="Delay each job by up to this much.")
@click.option("--paused", is_flag=True, help="Fire nothing until it is resumed.")
@click.option("--replace", is_flag=True, help="Take the place of the schedule with its --id.")
@json_option
def add(
    *,
    task: str,
    trigger: str,
    expression: tuple[str, ...],
    slug: str | None,
    args: tuple[str, ...],
    timezone: str | None,
    paused: bool,
    replace: bool,
    as_json: bool,
    **policy: str | None,
) -> None:
    """Store a schedule of TASK, and print its id.

    As in `add report cron "0 9 * * mon-fri" --arg month=May`; see `preview --help` for triggers.
    """
    run = runtime()
    values = read_pairs(args, run.registry.get(task).arguments.json_schema())
    rule = read_trigger(trigger, expression, timezone)
    words = {"task": task, "trigger": rule, "args": values, "paused": paused, **read_policy(policy)}
    if replace and slug is None:
        raise click.UsageError("--replace takes the place of an id: name it with --id")
    made = _store(slug, words, replace=replace)
    if as_json:
        print_json(redacted(made))
    else:
        click.echo(made.id)


@schedules.command("pause")
@click.argument("id", callback=schedule_id)
@json_option
def pause(id: str, as_json: bool) -> None:
    """Stop firing until it is resumed."""
    _print_schedule(runtime().schedules.pause(id, by=CALLER), as_json, "Paused.")


@schedules.command("resume")
@click.argument("id", callback=schedule_id)
@json_option
def resume(id: str, as_json: bool) -> None:
    """Fire again, from the next fire time on."""
    _print_schedule(runtime().schedules.resume(id, by=CALLER), as_json, "Resumed.")


@schedules.command("skip")
@click.argument("id", callback=schedule_id)
@json_option
def skip(id: str, as_json: bool) -> None:
    """Skip its next fire time."""
    _print_schedule(runtime().schedules.skip(id, by=CALLER), as_json, "Its next fire time is left out.")


@schedules.command("run")
@click.argument("id", callback=schedule_id)
@json_option
def run(id: str, as_json: bool) -> None:
    """Submit its job now, paused or not, and print the job's id; its fire times stay."""
    job = runtime().schedules.run(id, by=CALLER)
    if as_json:
        print_json(present(job, redactor(runtime().settings)))
    else:
        click.echo(job.id)


@schedules.command("remove")
@click.argument("id", callback=schedule_id)
def remove(id: str) -> None:
    """Delete it and its history; its jobs stay."""
    runtime().schedules.remove(id)
    echo_stderr("Removed.")


def redacted(schedule: Schedule) -> dict[str, Any]:
    """The schedule as JSON, secrets in its arguments redacted."""
    return {**schedule.as_dict(), "args": redactor(runtime().settings)(dict(schedule.args))}


def _store(slug: str | None, words: dict[str, Any], *, replace: bool) -> Schedule:
    use_cases = runtime().schedules
    if replace and slug is not None:
        return use_cases.replace(slug, words, by=CALLER)[0]
    return use_cases.add(slug, words, by=CALLER)


def _row(schedule: Schedule) -> tuple[Any, ...]:
    return (
        schedule.id, schedule.task, _trigger_text(schedule), schedule.next_fire_at, schedule.last_fire_at,
        _state(schedule), schedule.declared_by,
    )  # fmt: skip


def _state(schedule: Schedule) -> str:
    if schedule.paused:
        return "paused"
    if schedule.overdue:
        return "overdue"
    return "ended" if schedule.next_fire_at is None else "active"


def _trigger_text(schedule: Schedule) -> str:
    return describe(parse_trigger(schedule.trigger))


def _print_schedule(schedule: Schedule, as_json: bool, remark: str) -> None:
    if as_json:
        print_json(redacted(schedule))
    echo_stderr(remark)
