"""What several tests need: waiting for a condition, and factories of apps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """The first truthy answer of `condition`, asked again and again; fails after `timeout` seconds."""
    pause, deadline = threading.Event(), time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout} s: {what or getattr(condition, '__name__', condition)}"
            )
        pause.wait(0.01)


def job_is(jobs: Any, job_id: str, *states: str) -> Callable[[], Any]:
    """A condition: the job is in one of `states`; answers the job."""

    def check() -> Any:
        job = jobs.get(job_id)
        return job if job.state in states else None

    return check
