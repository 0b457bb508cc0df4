"""Why a job waits, in words."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from ..job import Job
from ..states import QUEUED


def explained(job: Job, tasks: Container[str]) -> Job:
    """The job with the reason why it waits, where there is one; `tasks` are those of this process."""
    if job.state == QUEUED and job.task not in tasks:
        return replace(job, waiting_reason=f"no task is named {job.task!r} in this process")
    return job
