"""Commands that change schedules: add, pause, resume, skip, run, remove."""

from __future__ import annotations

from typing import Any

import click

from ..serialization.presenter import present
from ..service import ScheduleRequest
from .arguments import read_pairs
from .group import runtime, schedule_id
from .output import json_option, redactor, say, show_json
from .schedules import schedules, shown
from .triggers import read_policy, read_trigger


@schedules.command("add")
@click.argument("task")
@click.argument("trigger")
@click.argument("words", nargs=-1, metavar="[EXPRESSION|TIME] [WORD=VALUE]...")
@click.option("--id", "slug", help="Its id (default: one that is made).")
@click.option("--arg", "args", multiple=True, metavar="KEY=TEXT|KEY:=JSON", help="Repeat for more.")
@click.option("--timezone", help="IANA name, such as Europe/Helsinki (default: UTC).")
@click.option("--misfire", metavar="latest|all|skip", help="What runs of the fire times that were missed.")
@click.option("--misfire-grace", metavar="SECONDS|none", help="What is seen later than this does not run.")
@click.option("--max-running", metavar="COUNT|none", help="A fire time is skipped while so many jobs run.")
@click.option("--jitter", metavar="SECONDS", help="Delay each job by up to this much.")
@click.option("--paused", is_flag=True, help="Fire nothing until it is resumed.")
@json_option
def add(
    *,
    task: str,
    trigger: str,
    words: tuple[str, ...],
    slug: str | None,
    args: tuple[str, ...],
    timezone: str | None,
    paused: bool,
    as_json: bool,
    **policy: str | None,
) -> None:
    """Store a schedule of TASK, and print its id.

    As in `add report cron "0 9 * * mon-fri" --arg month=May`; see `preview --help` for triggers.
    """
    run = runtime()
    values = read_pairs(args, run.registry.get(task).arguments.json_schema())
    rule = read_trigger(trigger, words, timezone)
    asked = ScheduleRequest(task, rule, values, read_policy(policy), paused)
    made = run.service.add_schedule(slug, asked)
    if as_json:
        show_json(shown(made))
    else:
        click.echo(made["id"])


@schedules.command("pause")
@click.argument("id", callback=schedule_id)
@json_option
def pause(id: str, as_json: bool) -> None:
    """Fire no more until it is resumed."""
    _answer(runtime().service.pause_schedule(id), as_json, "Paused.")


@schedules.command("resume")
@click.argument("id", callback=schedule_id)
@json_option
def resume(id: str, as_json: bool) -> None:
    """Go on with the next fire time."""
    _answer(runtime().service.resume_schedule(id), as_json, "Resumed.")


@schedules.command("skip")
@click.argument("id", callback=schedule_id)
@json_option
def skip(id: str, as_json: bool) -> None:
    """Leave out its next fire time."""
    _answer(runtime().service.skip_schedule(id), as_json, "Its next fire time is left out.")


@schedules.command("run")
@click.argument("id", callback=schedule_id)
@json_option
def run(id: str, as_json: bool) -> None:
    """Submit its job now, paused or not, and print the job's id; its fire times stay."""
    job = runtime().service.run_schedule(id)
    if as_json:
        show_json(present(job, redactor(runtime().settings)))
    else:
        click.echo(job.id)


@schedules.command("remove")
@click.argument("id", callback=schedule_id)
def remove(id: str) -> None:
    """Delete it and its history; its jobs stay."""
    runtime().service.remove_schedule(id)
    say("Removed.")


def _answer(schedule: dict[str, Any], as_json: bool, remark: str) -> None:
    if as_json:
        show_json(shown(schedule))
    say(remark)
