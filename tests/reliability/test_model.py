"""Any sequence of what happens to jobs leaves the tables as a model in plain Python says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import URL

from app.jobs import Simmer
from app.jobs.states import OUTCOMES, TRANSITIONS

from .model_driver import QUEUES, RETENTION, ModelDriver
from .model_machine import JobMachine

QUICK = settings(
    max_examples=20, stateful_step_count=100, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip
MANY = settings(QUICK, max_examples=400, derandomize=False)
EVERYTHING = {(verb, source) for verb, (sources, _) in TRANSITIONS.items() for source in sources or (None,)}


@pytest.fixture
def machine(make_app: Callable[..., Flask], url: URL) -> type[JobMachine]:
    """The machine, on one database for all examples."""
    jobs = Simmer()
    driver = ModelDriver(jobs)
    app = make_app(
        jobs, url, JOBS_ENGINE="manual", JOBS_RETENTION=RETENTION, JOBS_RETENTION_FAILED=RETENTION,
        JOBS_QUEUES=QUEUES,
    )  # fmt: skip
    app.app_context().push()
    return type("Machine", (JobMachine,), {"driver": driver, "seen": Counter()})


RARE = {
    ("cancelled", "retrying"),
    ("restored", "cancelled"),
    ("replaced", "queued"),
    ("replaced", "scheduled"),
}
"""What a short run may miss; tests of their own reach them, and the long run has to."""
LONG = pytest.param(MANY, EVERYTHING, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])


@pytest.mark.parametrize(("run", "reached"), [(QUICK, EVERYTHING - RARE), LONG], ids=["quick", "many"])
def test_any_sequence_is_as_the_model_says(
    machine: type[JobMachine], run: settings, reached: set[tuple[str, str | None]]
) -> None:
    """And it has been at every transition from every state: one that reaches little would prove nothing."""
    run_state_machine_as_test(machine, settings=run)
    assert reached - {(verb, source) for verb, source, _ in machine.seen} == set()
    assert set(OUTCOMES) <= {outcome for kind, _, outcome in machine.seen if kind == "run"}
