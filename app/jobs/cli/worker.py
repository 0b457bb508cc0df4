"""The command `worker`: runs jobs and schedules in the foreground."""

from __future__ import annotations

import threading
from typing import Any, Final

import click

from ..errors import DatabaseUnavailable, NotReady
from ..process.servers import Serving
from .group import Runtime, jobs_cli, runtime
from .output import echo_stderr

CHECK_EVERY: Final = 0.25


@jobs_cli.command("worker")
@click.option("--threads", type=click.IntRange(1, 1_000), help="Jobs at a time (default: JOBS_THREADS).")
@click.option("--queues", metavar="NAME,…", help="Take jobs of these queues alone (default: JOBS_QUEUES).")
@click.option("--drain", is_flag=True, help="End as soon as no job is due any more.")
def worker(threads: int | None, queues: str | None, drain: bool) -> None:
    """Run jobs and schedules until SIGTERM or Ctrl-C.

    Then it claims no more, gives running jobs JOBS_SHUTDOWN_GRACE seconds, releases the rest and ends
    with 0; a second signal releases them at once.
    """
    run = runtime()
    if run.settings.in_caller:
        raise NotReady(f'JOBS_ENGINE="{run.settings.engine}" runs jobs in its caller: there is no worker')
    if drain:
        # Fails at once where the database does not answer: it would never count as drained.
        run.status.stats()
    run.start(Serving("flask jobs worker", answers_http=False), role="worker", **_overrides(threads, queues))
    settings = run.worker_settings
    served = "all queues" if settings.queues is None else f"queues {', '.join(settings.queues)}"
    echo_stderr(f"Running jobs of {served} in {settings.threads} threads; Ctrl-C ends it.")
    _run_until_stopped(run, drain)


def _overrides(threads: int | None, queues: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {} if threads is None else {"threads": threads}
    if queues is not None:
        names = tuple(name.strip() for name in queues.split(","))
        if not all(names):
            raise click.BadParameter("separate names by commas, as in mail,reports", param_hint="--queues")
        found["queues"] = names
    return found


def _run_until_stopped(run: Runtime, drain: bool) -> None:
    """Wait for a signal, with `drain` until no job is due."""
    # The main thread only waits: where it ends, the supervisor begins to drain.
    pause = threading.Event()
    try:
        while not (drain and _is_drained(run)):
            pause.wait(CHECK_EVERY)
            if not run.is_running:
                raise NotReady("the worker's threads have ended; the log says why")
    except (KeyboardInterrupt, SystemExit):  # raised here by the handlers of process/signals.py
        grace = run.settings.shutdown_grace
        echo_stderr(f"Stopping: running jobs have {grace:g} s; a second signal ends it at once.")
        raise SystemExit(0) from None
    run.stop()
    echo_stderr("Nothing is due any more.")


def _is_drained(run: Runtime) -> bool:
    try:
        return run.is_idle()
    except DatabaseUnavailable:  # jobs may be due all the same: go on when it answers again
        return False
