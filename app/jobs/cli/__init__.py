"""`flask jobs …`: the commands of an operator.

Results go to stdout and everything else to stderr. Exit codes: 0 ok, 1 the job failed (or the command
could not be carried out), 2 usage, 3 not found, 4 cancelled, 5 refused in this state, 124 a wait timed out.
"""

from __future__ import annotations

# Imported for their side effect: each module adds its commands to the group.
from . import jobs, schedules, stats, submit, wait, worker
from .group import jobs_cli

__all__ = ["jobs", "jobs_cli", "schedules", "stats", "submit", "wait", "worker"]
