"""One line in the log for each run whose end is stored."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from ..process.logs import get_logger
from ..run import Run

log = get_logger(__name__)


def log_ends(ended: Collection[Run], completed: Mapping[tuple[str, int], str]) -> None:
    """Log id, task, outcome and seconds of the runs in `completed` (what `completion.complete` returned).

    A warning for each that went beyond its timeout; of a stuck one whoever ended it has told more.
    """
    for run in ended:
        if run.overrun and run.key in completed and not (run.outcome and run.outcome.stuck):
            log.warning("job %s (%s): ended %s", run.job_id, run.task, run.overrun)
    # Asked once, not for each: most hosts have INFO off, and thousands of jobs may end in a second.
    if not log.isEnabledFor(logging.INFO):
        return
    for run in ended:
        if (verb := completed.get(run.key)) is not None:
            log.info("job %s (%s): %s after %.3f s", run.job_id, run.task, verb, _seconds(run))


def _seconds(run: Run) -> float:
    if run.started_at is None or run.finished_at is None:  # released before it began
        return 0.0
    return (run.finished_at - run.started_at).total_seconds()
