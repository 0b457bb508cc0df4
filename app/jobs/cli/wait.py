"""Waiting for the end of a job: the command `wait`, and what `submit --wait` does."""

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
from .exit_codes import FAILED, OK, TIMED_OUT
from .group import job_id, jobs_cli, runtime
from .output import json_option, redactor, say, show_json
from .progress import Bar

REDRAW: Final = 1.0
"""Seconds after which a job that has not changed is shown again."""


class Seconds(click.FloatRange):
    """A number of seconds that is not negative; `inf` is for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; refuses what is none."""
        if math.isnan(seconds := super().convert(value, param, ctx)):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


@jobs_cli.command("wait")
@click.argument("id", callback=job_id)
@click.option("--timeout", type=Seconds(min=0), default=math.inf, help="Seconds; without it, for ever.")
@json_option
@click.pass_context
def wait(ctx: click.Context, id: str, timeout: float, as_json: bool) -> None:
    """Wait for the end of a job, and print its result.

    Ends with 0 where it succeeded, 1 failed, 4 cancelled, and 124 where the time was over first.
    """
    ctx.exit(report(follow(runtime().jobs.get(id), timeout), as_json))


def follow(job: Job, timeout: float) -> Job:
    """Show the progress of `job` on stderr until it is final or `timeout` seconds are over."""
    run, began = runtime(), time.monotonic()
    if not job.is_final and timeout > 0 and not run.status.workers():
        say("No worker is running: start one with `flask jobs worker`.")
    bar = Bar(sys.stderr)
    try:
        while True:
            bar.show(job)
            left = timeout - (time.monotonic() - began)
            if job.is_final or left <= 0:
                return job
            job = run.jobs.wait(job.id, min(left, REDRAW), seen=job.version)
    finally:
        bar.close()


def report(job: Job, as_json: bool) -> int:
    """Print what became of `job`; the exit code."""
    redact = redactor(runtime().settings)
    if as_json:
        show_json(present(job, redact))
    elif job.state == SUCCEEDED:
        show_json(redact(job.result))
    if not job.is_final:
        say(f"The time is over, and job {job.id} is {job.state}.")
        return TIMED_OUT
    if job.state == SUCCEEDED:
        return OK
    error = job.error or {}
    what = f": {error['type']}: {error['message']}" if error else ""
    say(f"Job {job.id} {'was' if job.state == CANCELLED else 'has'} {job.state}{what}")
    return WAS_CANCELLED if job.state == CANCELLED else FAILED
