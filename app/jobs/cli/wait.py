"""The command `wait`, and what `submit --wait` shares with it."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, Final

import click

from ..job import Job
from ..serialization.presenter import present
from ..states import CANCELLED, SUCCEEDED
from .exit_codes import CANCELLED as WAS_CANCELLED
from .exit_codes import FAILED, INTERRUPTED, OK, TIMED_OUT
from .group import jobs_cli, runtime
from .output import echo_stderr, json_option, print_json, redactor
from .progress import ProgressBar
from .selection import find_id

REDRAW_EVERY: Final = 1.0
"""Seconds after which the bar is redrawn without a change, for its elapsed time."""


class Seconds(click.FloatRange):
    """Click type: seconds, not negative; `inf` means for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; fails for other text."""
        # NaN passes every range, and a wait with it would never end.
        if math.isnan(seconds := super().convert(value, param, ctx)):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


@jobs_cli.command("wait")
@click.argument("id")
@click.option("--timeout", type=Seconds(min=0), default=math.inf, help="Seconds; without it, for ever.")
@json_option
@click.pass_context
def wait(ctx: click.Context, id: str, timeout: float, as_json: bool) -> None:
    """Wait for the end of a job, and print its result. ID may be the beginning of one that no other shares.

    The exit code is 0 if it succeeded, 1 failed, 4 cancelled, and 124 if the time was over first.
    """
    ctx.exit(report(follow(runtime().jobs.get(find_id(id)), timeout), as_json))


@jobs_cli.command("watch")
@click.argument("id")
@click.pass_context
def watch(ctx: click.Context, id: str) -> None:
    """Show the progress of a job until its end, as `wait` does, without its result.

    ID may be the beginning of one that no other shares.
    """
    ctx.exit(_remark(follow(runtime().jobs.get(find_id(id)), math.inf)))


def follow(job: Job, timeout: float) -> Job:
    """Show the progress of `job` on stderr until it is final or `timeout` seconds are over."""
    run, began = runtime(), time.monotonic()
    if not job.is_final and timeout > 0 and not run.status.workers():
        echo_stderr("No worker is running: start one with `flask jobs worker`.")
    bar = ProgressBar(sys.stderr)
    try:
        while True:
            bar.show(job)
            left = timeout - (time.monotonic() - began)
            if job.is_final or left <= 0:
                return job
            job = run.jobs.wait(job.id, min(left, REDRAW_EVERY), seen=job.version)
    except KeyboardInterrupt:
        bar.close()
        echo_stderr(f"The job goes on; come back to it with: flask jobs wait {job.id}")
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        bar.close()


def report(job: Job, as_json: bool) -> int:
    """Print the result or the error of `job`; returns the exit code."""
    redact = redactor(runtime().settings)
    if as_json:
        print_json(present(job, redact))
    elif job.state == SUCCEEDED:
        print_json(redact(job.result))
    return _remark(job)


def _remark(job: Job) -> int:
    """Say on stderr what became of `job` unless it succeeded; returns the exit code."""
    if not job.is_final:
        echo_stderr(f"The time is over, and job {job.id} is {job.state}.")
        return TIMED_OUT
    if job.state == SUCCEEDED:
        return OK
    error = job.error or {}
    what = f": {error['type']}: {error['message']}" if error else ""
    echo_stderr(f"Job {job.id} {'was' if job.state == CANCELLED else 'has'} {job.state}{what}")
    return WAS_CANCELLED if job.state == CANCELLED else FAILED
