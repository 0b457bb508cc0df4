"""The commands `cancel`, `retry` and `delete`: of one job, of several, or of all that filters name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from ..errors import JobNotFound
from ..job import Job
from ..serialization.presenter import present
from ..store.bulk import Action
from ..values import BulkResult
from .exit_codes import REFUSED
from .group import CALLER, jobs_cli, runtime
from .output import echo_stderr, json_option, print_json, redactor
from .selection import filter_options, find_id, given

_NAMING: Final = """

An ID may be the beginning of one that no other shares, of four characters or more. Of several jobs, and of
those that filters name in place of IDs, the number is shown and asked about first."""
_DONE: Final[dict[Action, str]] = {
    "cancel": "were cancelled or asked to stop", "retry": "were queued again", "delete": "were deleted",
}  # fmt: skip
ActOnOne = Callable[[str, bool], None]
"""Applies an action to the job of that id, and prints it, as JSON or not."""


def _command(action: Action, words: str) -> Callable[[ActOnOne], click.Command]:
    """Make a command of a function that acts on one job: it acts on one or many. `words` are its help."""

    def decorate(act_on_one: ActOnOne) -> click.Command:
        @jobs_cli.command(action, help=words + _NAMING)
        @click.argument("ids", nargs=-1, metavar="[ID]...")
        @filter_options
        @click.option("--yes", is_flag=True, help="Do not ask.")
        @click.option("--dry-run", is_flag=True, help="Say to how many jobs it would apply; change nothing.")
        @json_option
        def command(ids: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool, **filters: Any) -> None:
            named, chosen = list(dict.fromkeys(map(find_id, ids))), given(filters)
            if len(named) == 1 and not chosen and not dry_run:
                act_on_one(named[0], as_json)
            else:
                _act_on_many(action, named, chosen, yes=yes, dry_run=dry_run, as_json=as_json)

        return command

    return decorate


@_command("cancel", "Cancel jobs that do not run yet; request that running ones stop.")
def cancel(job_id: str, as_json: bool) -> None:
    """Of one job."""
    job = runtime().jobs.cancel(job_id, by=CALLER)
    print_job(job, as_json, "Cancelled." if job.is_final else "It runs, and was asked to stop.")


@_command("retry", "Queue finished jobs once more, their history kept.")
def retry(job_id: str, as_json: bool) -> None:
    """Of one job."""
    print_job(runtime().jobs.retry(job_id, by=CALLER), as_json, "Queued again.")


@_command("delete", "Delete finished jobs and their history.")
def delete(job_id: str, as_json: bool) -> None:
    """Of one job."""
    runtime().jobs.delete(job_id)
    if as_json:
        print_json({"matched": 1, "affected": 1})
    echo_stderr("Deleted.")


def _act_on_many(
    action: Action, ids: Sequence[str], filters: dict[str, Any], *, yes: bool, dry_run: bool, as_json: bool
) -> None:
    act = runtime().bulk.act
    result = act(action, filters, ids or None, dry_run=True)
    if result.matched < len(ids):
        raise JobNotFound(f"of these {len(ids)} jobs only {result.matched} exist")
    if dry_run or not result.affected:
        _report(result, as_json, f"{result.affected} of {result.matched} jobs: nothing is changed.")
    else:
        if not yes:
            click.confirm(f"{action.capitalize()} {result.affected} jobs?", abort=True, err=True)
        result = act(action, filters, ids or None, by=CALLER)
        _report(result, as_json, f"{result.affected} of {result.matched} jobs {_DONE[action]}.")
    # By their ids they were all meant.
    if ids and result.affected < len(ids):
        click.get_current_context().exit(REFUSED)


def _report(result: BulkResult, as_json: bool, remark: str) -> None:
    if result.job is not None:
        print_job(result.job, as_json, f"Over 1,000 jobs: the job {result.job.id} does it.")
        return
    if as_json:
        print_json({"matched": result.matched, "affected": result.affected})
    echo_stderr(remark)


def print_job(job: Job, as_json: bool, remark: str) -> None:
    """Print what became of a job: the remark on stderr, with `as_json` the job."""
    if as_json:
        print_json(present(job, redactor(runtime().settings)))
    echo_stderr(remark)
