"""`flask jobs prune`."""

from __future__ import annotations

from ..ticker.pruner import PRUNE_EVERY, Pruner
from .group import jobs_cli, runtime
from .output import json_option, print_json, print_lines


@jobs_cli.command("prune")
@json_option
def prune(as_json: bool) -> None:
    """Delete now what is kept no longer: finished jobs, results, decisions of schedules.

    A worker does the same once a minute. How long what is kept, JOBS_RETENTION, the retention of tasks and
    keep_result_for say; to delete by other filters there is `delete`.
    """
    here = runtime()
    pruner = Pruner(here.database, here.settings, here.clock)
    # A batch in a transaction, as a worker does it: nobody waits long for the write lock.
    while pruner.run_once() < PRUNE_EVERY:
        pass
    if as_json:
        print_json({"deleted": pruner.deleted})
    else:
        print_lines([f"{pruner.deleted:,} job{'s' if pruner.deleted != 1 else ''} deleted."])
