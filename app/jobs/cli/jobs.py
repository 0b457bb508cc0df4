"""Commands about jobs and the service: list, show, workers, init-db."""

from __future__ import annotations

from typing import Any, Final

import click

from ..api.requests import MOST_IN_PAGE
from ..errors import WorkerNotFound
from ..job import Job
from ..serialization.decoding import readings
from ..serialization.presenter import MAX_LIST_BYTES, present, present_attempt, present_in_list, present_step
from ..store.job_filters import JobFilters
from .arguments import read_pairs
from .attempts import print_attempts
from .group import jobs_cli, require_utf8, runtime
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
from .selection import filter_options, find_id
from .threads import print_threads
from .why import one_line

_EVENT: Final = ("at", "type", "from", "to", "attempt", "by", "reason")
_STEP: Final = ("name", "kind", "state", "run", "started_at", "finished_at", "result")


def _at_paths(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    """Click callback: path → what the word after it may mean in JSON, or is as JSON after `:=`."""
    found = read_pairs(require_utf8(_ctx, _param, words), {})
    return {path: readings(value) if isinstance(value, str) else value for path, value in found.items()}


@jobs_cli.command("list")
@filter_options
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
@click.argument("id")
@json_option
def show(id: str, as_json: bool) -> None:
    """Show a job, its events, its attempts, with the traceback of each that failed, and its finished steps.

    ID may be the beginning of one that no other shares.
    """
    run, id = runtime(), find_id(id)
    redact, job = redactor(run.settings), run.jobs.get(id)
    shown = present(job, redact)
    attempts = [present_attempt(attempt, with_traceback=True) for attempt in run.jobs.attempts(id)]
    events = run.jobs.events(id)
    if as_json:
        print_json({**shown, "attempts": attempts, "events": events})
        return
    shown["waiting_reason"] = one_line(run.explanations.explain(job), run.clock.now())
    print_fields((name, _field(value)) for name, value in shown.items())
    click.echo()
    print_rows(_EVENT, events)
    if attempts:
        print_attempts(attempts)
    if steps := [present_step(*step, redact) for step in run.jobs.steps(id, MAX_LIST_BYTES)]:
        click.echo()
        print_rows(_STEP, [{name: _field(value) for name, value in step.items()} for step in steps])


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
        names = (
            "id", "host", "pid", "state", "busy", "threads", "stuck", "queues", "started_at", "heartbeat_at",
        )  # fmt: skip
        shown = [each.as_dict() for each in found]
        print_rows(
            names, [{**each, "queues": "all" if each["queues"] is None else each["queues"]} for each in shown]
        )


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


def _row(job: Job) -> tuple[Any, ...]:
    progress = None if job.progress.percent is None else f"{job.progress.percent:.0f} %"
    attempt = f"{job.attempt}/{job.max_attempts}"
    return (job.id, job.state, job.task, job.queue, attempt, progress, job.created_at)


def _field(value: Any) -> Any:
    return json_line(value) if isinstance(value, dict | list | tuple) else value


def count_text(count: dict[str, Any]) -> str:
    """`{value, capped}` as text: 10000+ where there are at least so many."""
    return f"{count['value']}{'+' if count['capped'] else ''}"
