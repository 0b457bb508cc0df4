"""The `waiting_reason` of a job."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from ..job import Job
from ..states import QUEUED


def with_waiting_reason(job: Job, tasks: Container[str]) -> Job:
    """The job with its waiting_reason, if there is one; `tasks` are those of this process."""
    # Computed when it is read, not stored: another process may know the task.
    if job.state == QUEUED and job.task not in tasks:
        return replace(job, waiting_reason=f"no task is named {job.task!r} in this process")
    return job
