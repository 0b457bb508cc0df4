"""`flask jobs queues`: what waits and runs in each queue; pause, resume, limit."""

from __future__ import annotations

import click

from ..values import Queue
from .group import CALLER, jobs_cli, queue_name, runtime
from .limits import read_limit
from .output import echo_stderr, json_option, print_json, print_rows

_SHOWN = ("name", "paused", "queued", "running", "oldest_seconds", "concurrency", "workers")


@jobs_cli.group("queues", invoke_without_command=True)
@json_option
@click.pass_context
def queues(ctx: click.Context, as_json: bool) -> None:
    """Show the queues, or manage one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_queues, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json goes after {ctx.invoked_subcommand}")


@queues.command("list")
@json_option
def list_queues(as_json: bool) -> None:
    """Show all queues."""
    found = [queue.as_dict() for queue in runtime().queues.all()]
    if as_json:
        print_json({"items": found})
        return
    print_rows(_SHOWN, [{**each, "paused": "yes" if each["paused"] else "no"} for each in found])


@queues.command("pause")
@click.argument("name", callback=queue_name)
@json_option
def pause(name: str, as_json: bool) -> None:
    """Claim nothing from it until it is resumed; what runs goes on."""
    _print_queue(runtime().queues.pause(name, CALLER), as_json, "Paused.")


@queues.command("resume")
@click.argument("name", callback=queue_name)
@json_option
def resume(name: str, as_json: bool) -> None:
    """Claim from it again."""
    _print_queue(runtime().queues.resume(name, CALLER), as_json, "Resumed.")


@queues.command("limit")
@click.argument("name", callback=queue_name)
@click.argument("concurrency", metavar="COUNT|none")
@json_option
def limit(name: str, concurrency: str, as_json: bool) -> None:
    """Let COUNT of its jobs run at a time, in all processes; `none`: any number."""
    settings = {"concurrency": read_limit(concurrency)}
    _print_queue(runtime().queues.update(name, settings, CALLER), as_json, "Changed.")


def _print_queue(queue: Queue, as_json: bool, remark: str) -> None:
    if as_json:
        print_json(queue.as_dict())
    echo_stderr(remark)
