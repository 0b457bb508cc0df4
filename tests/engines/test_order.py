"""Which job runs when, and under which labels, on every engine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.errors import InvalidArguments
from tests.support import eventually, job_is

from .driver import Bench


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_smaller_priorities_run_first_then_older_jobs(engine: str, make_bench: Any) -> None:
    """Within a priority the due time decides, then the id."""
    bench = make_bench(engine, JOBS_THREADS=1)
    order: list[str] = []
    go_on = threading.Event()
    bench.jobs.task("hold")(lambda: go_on.wait(10))

    @bench.jobs.task
    def note(name: str) -> None:
        order.append(name)

    if engine == "thread":
        hold = bench.jobs.submit("hold")
        eventually(job_is(bench.jobs, hold.id, "running"))
    earlier = datetime.now(UTC) - timedelta(hours=1)
    jobs = [
        bench.jobs.submit("note", {"name": name}, **options)
        for name, options in {
            "late": {"priority": 5}, "first": {"priority": -5}, "second": {}, "third": {},
            "early": {"run_at": earlier, "priority": 1}, "fifth": {"priority": 1},
        }.items()
    ]  # fmt: skip
    go_on.set()
    for job in jobs:
        bench.finish(job)
    assert order == ["first", "second", "third", "early", "fifth", "late"]


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_only_the_queues_of_this_process_are_served(engine: str, make_bench: Any) -> None:
    """With JOBS_QUEUES another queue's jobs stay queued."""
    bench = make_bench(engine, JOBS_QUEUES=["mail", "reports"])
    bench.jobs.task("send", queue="mail")(lambda: current_job.queue)
    bench.jobs.task("add")(lambda: 1)
    other = bench.jobs.submit("add")
    assert bench.run("send").result == "mail"
    assert bench.run("add", queue="reports").state == "succeeded"
    assert bench.jobs.get(other.id).state == "queued"


def test_a_queue_that_nobody_names_is_refused(bench: Bench) -> None:
    """Else the job would wait for ever."""
    bench.jobs.task("add")(lambda: 1)
    with pytest.raises(InvalidArguments, match="JOBS_QUEUES"):
        bench.jobs.submit("add", queue="nowhere")


def test_tags_are_the_tasks_or_the_submissions(bench: Bench) -> None:
    """Jobs are found by any of their tags."""
    bench.jobs.task("add", tags=("nightly", "nightly"))(lambda: 1)
    plain = bench.run("add")
    special = bench.run("add", tags=["a", "b", "a"])
    assert (plain.tags, special.tags) == (("nightly", "nightly"), ("a", "b", "a"))
    assert [job.id for job in bench.jobs.list(tag="nightly")] == [plain.id]
    assert [job.id for job in bench.jobs.list(tag=["b", "nothing"])] == [special.id]


@pytest.mark.parametrize("engine", ["thread", "manual"])
def test_a_delayed_job_waits_for_its_time(engine: str, make_bench: Any) -> None:
    """It is scheduled until then, and runs without anybody's help."""
    bench = make_bench(engine)
    bench.jobs.task("add")(lambda: 1)
    job = bench.jobs.submit("add", delay=0.15)
    bench.settle()
    assert bench.jobs.get(job.id).state == "scheduled"
    done = bench.finish(job)
    assert done.started_at >= job.run_at == job.created_at + timedelta(seconds=0.15)


def test_the_inline_engine_ignores_delays(make_bench: Any) -> None:
    """Its tests need not wait."""
    bench = make_bench("inline")
    bench.jobs.task("add")(lambda: 1)
    assert bench.jobs.submit("add", delay=3_600).state == "succeeded"


def test_a_time_that_is_past_means_now(bench: Bench) -> None:
    """`run_at` in the past is due at once, and shown as the moment of the submission."""
    bench.jobs.task("add")(lambda: 1)
    job = bench.run("add", run_at=datetime.now(UTC) - timedelta(days=1))
    assert (job.state, job.run_at) == ("succeeded", job.created_at)


def test_the_options_of_a_submission_have_bounds(bench: Bench) -> None:
    """What is out of them is refused naming the option, and nothing is stored."""
    bench.jobs.task("add")(lambda: 1)
    wrong: list[dict[str, Any]] = [
        {"priority": 1_001}, {"priority": -1_001}, {"priority": 1.5}, {"priority": True},
        {"max_attempts": 0}, {"max_attempts": 101}, {"max_attempts": "3"},
        {"delay": -1}, {"delay": 3_654 * 86_400}, {"delay": float("nan")}, {"delay": 10**400},
        {"timeout": 0}, {"timeout": float("inf")},
        {"run_at": datetime.now()}, {"run_at": datetime.now(UTC) + timedelta(days=3_700)},
        {"tags": [""]}, {"tags": ["x" * 101]}, {"tags": ["a\0b"]}, {"tags": ["x"] * 51}, {"tags": [1]},
        {"delay": 1, "run_at": datetime.now(UTC)},
        {"unique_key": "x"}, {"expires_in": 1}, {"depends_on": []}, {"nothing": 1},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(InvalidArguments) as caught:
            bench.jobs.submit("add", **options)
        assert caught.value.errors[0]["pointer"].split("/")[1] in options
    assert bench.jobs.list() == []
