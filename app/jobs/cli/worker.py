"""The command `worker`: the pool and the ticker in the foreground."""

from __future__ import annotations

import threading
from typing import Any, Final

import click

from ..errors import DatabaseUnavailable, NotReady
from ..process.servers import Serving
from .group import Runtime, jobs_cli, runtime
from .output import say

LOOK_EVERY: Final = 0.25


@jobs_cli.command("worker")
@click.option("--threads", type=click.IntRange(1, 1_000), help="Jobs at a time (default: JOBS_THREADS).")
@click.option("--queues", metavar="NAME,…", help="Take jobs of these queues alone (default: JOBS_QUEUES).")
@click.option("--drain", is_flag=True, help="End as soon as no job is due any more.")
def worker(threads: int | None, queues: str | None, drain: bool) -> None:
    """Run jobs and schedules until SIGTERM or Ctrl-C.

    Then it claims no more, gives running jobs JOBS_SHUTDOWN_GRACE seconds, puts back the rest and ends
    with 0; a second signal puts them back at once.
    """
    run = runtime()
    if run.settings.engine != "thread":
        raise NotReady(f'JOBS_ENGINE="{run.settings.engine}" runs jobs in its caller: there is no worker')
    if drain:
        run.status.stats()  # a database that is not there would never be drained
    run.start(Serving("flask jobs worker"), role="worker", **_overrides(threads, queues))
    settings = run.settings_of_threads
    served = "all queues" if settings.queues is None else f"queues {', '.join(settings.queues)}"
    say(f"Running jobs of {served} in {settings.threads} threads; Ctrl-C ends it.")
    _run_until_told(run, drain)


def _overrides(threads: int | None, queues: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {} if threads is None else {"threads": threads}
    if queues is not None:
        names = tuple(name.strip() for name in queues.split(","))
        if not all(names):
            raise click.BadParameter("separate names by commas, as in mail,reports", param_hint="--queues")
        found["queues"] = names
    return found


def _run_until_told(run: Runtime, drain: bool) -> None:
    """Until a signal raises here, with `drain` until nothing is due; this thread's end begins the drain."""
    pause = threading.Event()
    try:
        while not (drain and _is_drained(run)):
            pause.wait(LOOK_EVERY)
            if not run.is_running:
                raise NotReady("the worker's threads have ended; the log says why")
    except (KeyboardInterrupt, SystemExit):
        say(f"Stopping: running jobs have {run.settings.shutdown_grace:g} s; once more ends it at once.")
        raise SystemExit(0) from None
    run.stop()
    say("Nothing is due any more.")


def _is_drained(run: Runtime) -> bool:
    try:
        return run.is_idle()
    except DatabaseUnavailable:
        return False
