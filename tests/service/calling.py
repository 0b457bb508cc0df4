"""What the tests of webhooks share: an app that may call this machine."""

from __future__ import annotations

from typing import Final

from app.jobs import Cancel, Job, Simmer
from app.jobs.store import deliveries

SECRET: Final = "a-secret-of-the-tests"
HOSTS: Final = {"JOBS_WEBHOOK_HOSTS": ["127.0.0.1"], "JOBS_WEBHOOK_SECRET": SECRET}


def simmer() -> Simmer:
    """Tasks that end in each way."""
    jobs = Simmer()

    @jobs.task
    def add(a: int = 1, b: int = 0, password: str = "") -> int:
        return a + b

    @jobs.task
    def fail(password: str = "") -> None:
        raise ValueError(f"no {password}")

    @jobs.task
    def give_up() -> Cancel:
        return Cancel("not today")

    return jobs


def deliveries_of(jobs: Simmer, job: Job) -> list[Job]:
    """The deliveries that tell of a job, the oldest first."""
    return list(reversed(jobs.list(tag=deliveries.tag_of(job.id))))
