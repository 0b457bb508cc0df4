"""Use cases of jobs, called from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.jobs import Simmer


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_has_one_job_at_least(make_app: Callable[..., Flask], limit: int) -> None:
    """A limit below 1 is refused in words, whether there are jobs or not."""
    jobs = Simmer()
    jobs.task("tick")(lambda: None)
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        for _ in range(2):
            with pytest.raises(ValueError, match=f"limit must be at least 1, and is {limit}"):
                jobs.list(limit=limit)
            jobs.submit("tick")


@pytest.mark.parametrize("state", ["fail", ["succeeded", "fail"]])
def test_a_list_of_a_state_that_there_is_not_is_refused(make_app: Callable[..., Flask], state: Any) -> None:
    """As over HTTP: an empty list would say that there is no such job."""
    jobs = Simmer()
    with make_app(jobs).app_context(), pytest.raises(ValueError, match=r"'fail' is not a state.*failed"):
        jobs.list(state=state)
