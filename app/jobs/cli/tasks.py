"""`flask jobs tasks`: what there is to submit, and what holds for it."""

from __future__ import annotations

from typing import Any

import click

from .group import CALLER, jobs_cli, runtime
from .jobs import count_text
from .limits import limit_text, read_limit
from .output import echo_stderr, json_option, print_json, print_table


@jobs_cli.group("tasks", invoke_without_command=True)
@json_option
@click.pass_context
def tasks(ctx: click.Context, as_json: bool) -> None:
    """Show the registered tasks and their arguments, or manage one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_tasks, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json goes after {ctx.invoked_subcommand}")


@tasks.command("list")
@json_option
def list_tasks(as_json: bool) -> None:
    """Show the registered tasks and their arguments."""
    found = runtime().tasks.all()
    if as_json:
        print_json({"items": found})
    else:
        titles = ("TASK", "QUEUE", "JOBS", "LIMITS", "ARGUMENTS", "DESCRIPTION")
        print_table(titles, map(_row, found))


@tasks.command("pause")
@click.argument("name")
@json_option
def pause(name: str, as_json: bool) -> None:
    """Claim none of its jobs until it is resumed; what runs goes on."""
    _print_task(runtime().tasks.pause(name, CALLER), as_json, "Paused.")


@tasks.command("resume")
@click.argument("name")
@json_option
def resume(name: str, as_json: bool) -> None:
    """Claim its jobs again."""
    _print_task(runtime().tasks.resume(name, CALLER), as_json, "Resumed.")


@tasks.command("limit")
@click.argument("name")
@click.option(
    "--concurrency", metavar="COUNT[:ARGUMENT]|none", help="How many run at a time, as in 2:tenant."
)
@click.option("--rate", metavar="RATE[:ARGUMENT]|none", help="How many are claimed in a time, as in 100/m.")
@json_option
def limit(name: str, as_json: bool, **limits: str | None) -> None:
    """Change its limits while it runs; `none`: as the code says."""
    settings = {setting: read_limit(text) for setting, text in limits.items() if text is not None}
    if not settings:
        raise click.UsageError("say --concurrency, --rate or both")
    _print_task(runtime().tasks.update(name, settings, CALLER), as_json, "Changed.")


def _row(task: dict[str, Any]) -> tuple[Any, ...]:
    limits = [limit_text(task[setting]) for setting in ("concurrency", "rate") if task[setting] is not None]
    shown = ["paused", *limits] if task["paused"] else limits
    counts = count_text(task["counts"])
    return task["name"], task["queue"], counts, shown, _parameters(task), task["description"]


def _parameters(task: dict[str, Any]) -> str:
    """The names of the arguments, optional ones in brackets: `month, [copies]`."""
    schema = task["args_schema"]
    required = schema.get("required", ())
    return ", ".join(name if name in required else f"[{name}]" for name in schema.get("properties", {}))


def _print_task(task: dict[str, Any], as_json: bool, remark: str) -> None:
    if as_json:
        print_json(task)
    echo_stderr(remark)
