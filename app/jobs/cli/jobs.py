"""Commands about jobs and the service: list, show, cancel, retry, delete, tasks, workers, init-db."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..api.schemas import MOST_IN_PAGE, readings
from ..errors import WorkerNotFound
from ..job import Job
from ..serialization.presenter import present, present_in_list
from ..states import STATES
from ..store.queries import TIMES, JobFilters
from .arguments import read_pairs
from .group import job_id, jobs_cli, require_utf8, runtime
from .output import echo_stderr, json_line, json_option, print_fields, print_json, print_table, redactor
from .threads import print_threads
from .triggers import Moment


@jobs_cli.command("tasks")
@json_option
def tasks(as_json: bool) -> None:
    """Show the registered tasks and their arguments."""
    found = runtime().status.tasks()
    if as_json:
        print_json({"items": found})
    else:
        rows = [
            (task["name"], task["queue"], count_text(task["counts"]), _parameters(task), task["description"])
            for task in found
        ]
        print_table(("TASK", "QUEUE", "JOBS", "ARGUMENTS", "DESCRIPTION"), rows)


def _time_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A flag for each filter by a moment."""
    for name in reversed(TIMES):
        of, side = name.split("_")
        words = f"{of.capitalize()} {side} this time."
        command = click.option(f"--{of}-{side}", type=Moment(), metavar="TIME", help=words)(command)
    return command


def _at_paths(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    """Click callback: path → what the word after it may mean in JSON, or is as JSON after `:=`."""
    found = read_pairs(require_utf8(_ctx, _param, words), {})
    return {path: readings(value) if isinstance(value, str) else value for path, value in found.items()}


@jobs_cli.command("list")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="In this state; repeat to mean or.")
@click.option("--task", multiple=True, callback=require_utf8, help="Of this task; repeat to mean or.")
@click.option("--queue", multiple=True, callback=require_utf8, help="In this queue; repeat to mean or.")
@click.option("--tag", multiple=True, callback=require_utf8, help="With this tag; repeat to mean or.")
@click.option(
    "--arg",
    "args",
    multiple=True,
    metavar="PATH=VALUE",
    callback=_at_paths,
    help="With this value at a path in its arguments, such as customer.id=7; repeat to mean and.",
)
@click.option(
    "--meta",
    multiple=True,
    metavar="PATH=VALUE",
    callback=_at_paths,
    help="With this value at a path in its meta; repeat to mean and.",
)
@_time_flags
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST_IN_PAGE))
@click.option("--cursor", help="The cursor of the next page, as the previous list printed it.")
@json_option
def list_jobs(limit: int, cursor: str | None, as_json: bool, **filters: Any) -> None:
    """Show jobs, the newest first.

    With --arg or --meta a page looks at 10,000 jobs, and may show less than --limit while there are more.
    """
    try:
        wanted = JobFilters.of(filters)
    except ValueError as error:  # a path in JSON that cannot be
        raise click.UsageError(str(error)) from None
    page = runtime().jobs.page(wanted, limit, cursor)
    if as_json:
        redact = redactor(runtime().settings)
        items = [present_in_list(job, redact) for job in page]
        print_json({"items": items, "next_cursor": page.next_cursor})
        return
    titles = ("ID", "STATE", "TASK", "QUEUE", "ATTEMPT", "PROGRESS", "CREATED")
    if page:
        print_table(titles, [_row(job) for job in page])
    else:
        echo_stderr("No jobs.")
    if page.next_cursor:
        echo_stderr(f"There are more: --cursor {page.next_cursor}")


@jobs_cli.command("show")
@click.argument("id", callback=job_id)
@json_option
def show(id: str, as_json: bool) -> None:
    """Show a job and its attempts."""
    run = runtime()
    shown = present(run.jobs.get(id), redactor(run.settings))
    if as_json:
        print_json(shown)
        return
    print_fields((name, _field(value)) for name, value in shown.items())
    if attempts := run.jobs.attempts(id):
        click.echo()
        names = ("run", "attempt", "outcome", "worker", "claimed_at", "finished_at", "error")
        rows = [[_field(attempt[name]) for name in names] for attempt in attempts]
        print_table([name.removesuffix("_at").upper() for name in names], rows)


@jobs_cli.command("workers")
@click.argument("id", required=False)
@click.option("--threads", is_flag=True, help="Show what each of their threads does, and where.")
@json_option
def workers(id: str | None, threads: bool, as_json: bool) -> None:
    """Show the processes that run jobs, or the one with that ID."""
    found = [each for each in runtime().status.workers() if id in (None, each.id)]
    if id is not None and not found:
        raise WorkerNotFound(f"no worker has the id {id!r}")
    if threads and found:
        print_threads(found, as_json)
    elif as_json:
        print_json({"items": [each.as_dict() for each in found]})
    elif not found:
        echo_stderr("No worker is running.")
    else:
        names = ("id", "host", "pid", "state", "busy", "threads", "queues", "started_at", "heartbeat_at")
        shown = [each.as_dict() for each in found]
        rows = [["all" if each[name] is None else each[name] for name in names] for each in shown]
        print_table([name.removesuffix("_at").upper() for name in names], rows)


@jobs_cli.command("init-db")
@click.option("--sql", is_flag=True, help="Print the statements for what is missing; change nothing.")
def init_db(sql: bool) -> None:
    """Create the tables, and add what those of an earlier version lack.

    Safe in several processes at the same time, and beside running workers of the earlier version.
    """
    database = runtime().database
    if not sql:
        database.create_tables()
        echo_stderr("The tables are there.")
        return
    statements = database.missing_sql()
    for statement in statements:
        click.echo(f"{statement};")
    if not statements:
        echo_stderr("Nothing is missing.")


@jobs_cli.command("cancel")
@click.argument("id", callback=job_id)
@json_option
def cancel(id: str, as_json: bool) -> None:
    """Cancel a job that does not run yet; request that a running one stops."""
    job = runtime().jobs.cancel(id)
    _print_job(job, as_json, "Cancelled." if job.is_final else "It runs, and was asked to stop.")


@jobs_cli.command("retry")
@click.argument("id", callback=job_id)
@json_option
def retry(id: str, as_json: bool) -> None:
    """Queue a finished job once more, its history kept."""
    _print_job(runtime().jobs.retry(id), as_json, "Queued again.")


@jobs_cli.command("delete")
@click.argument("id", callback=job_id)
def delete(id: str) -> None:
    """Delete a finished job and its history."""
    runtime().jobs.delete(id)
    echo_stderr("Deleted.")


def _row(job: Job) -> tuple[Any, ...]:
    progress = None if job.progress.percent is None else f"{job.progress.percent:.0f} %"
    attempt = f"{job.attempt}/{job.max_attempts}"
    return (job.id, job.state, job.task, job.queue, attempt, progress, job.created_at)


def _field(value: Any) -> Any:
    return json_line(value) if isinstance(value, dict | list | tuple) else value


def count_text(count: dict[str, Any]) -> str:
    """`{value, capped}` as text: 10000+ where there are at least so many."""
    return f"{count['value']}{'+' if count['capped'] else ''}"


def _parameters(task: dict[str, Any]) -> str:
    """The names of the arguments, optional ones in brackets: `month, [copies]`."""
    schema = task["args_schema"]
    required = schema.get("required", ())
    return ", ".join(name if name in required else f"[{name}]" for name in schema.get("properties", {}))


def _print_job(job: Job, as_json: bool, remark: str) -> None:
    if as_json:
        print_json(present(job, redactor(runtime().settings)))
    echo_stderr(remark)
