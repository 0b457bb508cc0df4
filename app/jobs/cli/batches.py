"""`flask jobs batches`: show one, cancel it, retry what of it failed."""

from __future__ import annotations

import click

from ..errors import BatchNotFound
from ..ids import is_id
from ..states import RUNNING
from ..values import Batch
from .group import jobs_cli, runtime
from .output import echo_stderr, json_option, print_fields, print_json
from .progress import BAR_WIDTH, bar_of


def _batch_id(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Click callback: the id of a batch. Raises BatchNotFound for text that cannot be one."""
    if not is_id(text):
        raise BatchNotFound(f"no batch has the id {text!r}")
    return text


@jobs_cli.group("batches")
def batches() -> None:
    """Show or manage a batch: jobs that were submitted together."""


@batches.command("show")
@click.argument("id", callback=_batch_id)
@json_option
def show(id: str, as_json: bool) -> None:
    """Show how many of its jobs are in which state."""
    _print(runtime().batches.get(id), as_json)


@batches.command("cancel")
@click.argument("id", callback=_batch_id)
@json_option
def cancel(id: str, as_json: bool) -> None:
    """Cancel its jobs that do not run; request that the running ones stop."""
    batch = runtime().batches.cancel(id)
    _print(batch, as_json)
    running = batch.counts[RUNNING]
    echo_stderr(f"Cancelled, but for {running} that run and were asked to stop." if running else "Cancelled.")


@batches.command("retry")
@click.argument("id", callback=_batch_id)
@json_option
def retry(id: str, as_json: bool) -> None:
    """Queue its jobs that failed once more, their history kept."""
    _print(runtime().batches.retry(id), as_json)
    echo_stderr("What had failed is queued again.")


def _print(batch: Batch, as_json: bool) -> None:
    if as_json:
        print_json(batch.as_dict())
        return
    shown = batch.as_dict()
    counts, progress = shown.pop("counts"), shown.pop("progress")
    fields = {**shown, **{state: count for state, count in counts.items() if count}}
    print_fields([*fields.items(), ("progress", bar_of(progress["percent"], BAR_WIDTH))])
