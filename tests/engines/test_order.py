"""Which job runs when, and under which labels, on every engine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.errors import InvalidArguments
from tests.support import eventually, job_is

from .conftest import MakeDriver
from .driver import EngineDriver


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_smaller_priorities_run_first_then_older_jobs(engine: str, make_driver: MakeDriver) -> None:
    """Within a priority the due time decides, then the id."""
    driver = make_driver(engine, JOBS_THREADS=1)
    order: list[str] = []
    go_on = threading.Event()
    driver.jobs.task("hold")(lambda: go_on.wait(10))

    @driver.jobs.task
    def note(name: str) -> None:
        order.append(name)

    if engine == "thread":
        hold = driver.jobs.submit("hold")
        eventually(job_is(driver.jobs, hold.id, "running"))
    earlier = datetime.now(UTC) - timedelta(hours=1)
    options: dict[str, dict[str, Any]] = {
        "late": {"priority": 5}, "first": {"priority": -5}, "second": {}, "third": {},
        "early": {"run_at": earlier, "priority": 1}, "fifth": {"priority": 1},
    }  # fmt: skip
    jobs = [driver.jobs.submit("note", {"name": name}, **given) for name, given in options.items()]
    go_on.set()
    for job in jobs:
        driver.finish(job)
    assert order == ["first", "second", "third", "early", "fifth", "late"]


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_only_the_queues_of_this_process_are_served(engine: str, make_driver: MakeDriver) -> None:
    """With JOBS_QUEUES another queue's jobs stay queued."""
    driver = make_driver(engine, JOBS_QUEUES=["mail", "reports"])
    driver.jobs.task("send", queue="mail")(lambda: current_job.queue)
    driver.jobs.task("add")(lambda: 1)
    other = driver.jobs.submit("add")
    assert driver.run("send").result == "mail"
    assert driver.run("add", queue="reports").state == "succeeded"
    assert driver.jobs.get(other.id).state == "queued"


def test_a_queue_that_nobody_names_is_refused(driver: EngineDriver) -> None:
    """Else the job would wait for ever."""
    driver.jobs.task("add")(lambda: 1)
    with pytest.raises(InvalidArguments, match="JOBS_QUEUES"):
        driver.jobs.submit("add", queue="nowhere")


def test_tags_are_the_tasks_or_the_submissions(driver: EngineDriver) -> None:
    """Jobs are found by any of their tags."""
    driver.jobs.task("add", tags=("nightly", "nightly"))(lambda: 1)
    plain = driver.run("add")
    special = driver.run("add", tags=["a", "b", "a"])
    assert (plain.tags, special.tags) == (("nightly", "nightly"), ("a", "b", "a"))
    assert [job.id for job in driver.jobs.list(tag="nightly")] == [plain.id]
    assert [job.id for job in driver.jobs.list(tag=["b", "nothing"])] == [special.id]


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_a_delayed_job_waits_for_its_time(engine: str, make_driver: MakeDriver) -> None:
    """It is scheduled until then, and runs without anybody's help."""
    driver = make_driver(engine)
    driver.jobs.task("add")(lambda: 1)
    job = driver.jobs.submit("add", delay=0.15)
    driver.settle()
    assert driver.jobs.get(job.id).state == "scheduled"
    done = driver.finish(job)
    assert done.started_at is not None
    assert done.started_at >= job.run_at == job.created_at + timedelta(seconds=0.15)


def test_the_inline_engine_ignores_delays(make_driver: MakeDriver) -> None:
    """Its tests need not wait."""
    driver = make_driver("inline")
    driver.jobs.task("add")(lambda: 1)
    assert driver.jobs.submit("add", delay=3_600).state == "succeeded"


def test_a_time_that_is_past_means_now(driver: EngineDriver) -> None:
    """`run_at` in the past is due at once, and shown as the moment of the submission."""
    driver.jobs.task("add")(lambda: 1)
    job = driver.run("add", run_at=datetime.now(UTC) - timedelta(days=1))
    assert (job.state, job.run_at) == ("succeeded", job.created_at)


def test_the_options_of_a_submission_have_bounds(driver: EngineDriver) -> None:
    """What is out of them is refused naming the option, and nothing is stored."""
    driver.jobs.task("add")(lambda: 1)
    wrong: list[dict[str, Any]] = [
        {"priority": 1_001}, {"priority": -1_001}, {"priority": 1.5}, {"priority": True},
        {"max_attempts": 0}, {"max_attempts": 101}, {"max_attempts": "3"},
        {"delay": -1}, {"delay": 3_654 * 86_400}, {"delay": float("nan")}, {"delay": 10**400},
        {"timeout": 0}, {"timeout": float("inf")},
        {"run_at": datetime.now()}, {"run_at": datetime.now(UTC) + timedelta(days=3_700)},
        {"tags": [""]}, {"tags": ["x" * 101]}, {"tags": ["a\0b"]}, {"tags": ["x"] * 51}, {"tags": [1]},
        {"delay": 1, "run_at": datetime.now(UTC)},
        {"unique_key": ""}, {"unique_key": "x" * 256}, {"unique_key": 5}, {"expires_in": 0},
        {"expires_in": 5, "delay": 6}, {"on_conflict": "ignore"}, {"on_conflict": "reject"},
        {"depends_on": ["x"]}, {"on_dependency": "x"}, {"nothing": 1},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(InvalidArguments) as caught:
            driver.jobs.submit("add", **options)
        assert caught.value.errors[0]["pointer"].split("/")[1] in options
    assert driver.jobs.list() == []
