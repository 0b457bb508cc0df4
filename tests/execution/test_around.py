"""`@jobs.around` wraps attempts, in order, and never decides how one ends."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g

from app.jobs import Cancel, JobCancelled, Simmer, TaskDefinitionError, current_job

MakeApp = Callable[..., Flask]


def run(make_app: MakeApp, jobs: Simmer, task: str = "add") -> Any:
    """The job of that task at its end."""
    with make_app(jobs, JOBS_ENGINE="inline").app_context():
        return jobs.submit(task)


@pytest.fixture
def jobs() -> Simmer:
    """A Simmer with tasks that end in each way."""
    made = Simmer()

    @made.task
    def add() -> int:
        return 3

    @made.task
    def fail() -> None:
        raise ValueError("its own")

    @made.task
    def give_up() -> Cancel:
        return Cancel("enough")

    return made


@pytest.mark.parametrize("engine", ["thread", "inline", "manual"])
def test_they_are_nested_in_order_in_the_context_of_the_attempt(make_app: MakeApp, engine: str) -> None:
    """The first is the outermost; each sees the job, what the task returned, and the g that the task sees."""
    jobs, seen = Simmer(), list[Any]()

    @jobs.around
    def outer(job: Any, call: Callable[[], Any]) -> None:
        g.tenant = job.args["tenant"]
        seen.append(("outer", job.id == current_job.id, job.attempt))
        seen.append(call())

    @jobs.around
    def inner(job: Any, call: Callable[[], Any]) -> str:
        seen.append("inner")
        call()
        return "dropped"

    @jobs.task
    def hello(tenant: str) -> str:
        return f"hello {g.tenant}"

    with make_app(jobs, JOBS_ENGINE=engine).app_context():
        if engine == "thread":
            jobs.start()
        job = jobs.submit("hello", {"tenant": "ada"})
        if engine == "manual":
            jobs.testing.drain()
        assert jobs.wait(job.id, 10).result == "hello ada"
    assert seen == [("outer", True, 1), "inner", "hello ada"]


def _before(job: Any, call: Callable[[], Any]) -> None:
    raise LookupError("hook")


def _exits(job: Any, call: Callable[[], Any]) -> None:
    raise SystemExit(1)


def _after(job: Any, call: Callable[[], Any]) -> None:
    call()
    raise LookupError("hook")


def _instead(job: Any, call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception as error:
        raise LookupError("hook") from error
    raise LookupError("hook")


def _swallows(job: Any, call: Callable[[], Any]) -> int:
    with contextlib.suppress(BaseException):
        call()
    return 99


def _not_at_all(job: Any, call: Callable[[], Any]) -> int:
    return 99


def _twice(job: Any, call: Callable[[], Any]) -> Any:
    call()
    return call()


@pytest.mark.parametrize("wrapper", [_before, _exits, _after, _instead, _swallows, _not_at_all, _twice])
@pytest.mark.parametrize(
    ("task", "state", "words"),
    [("add", "succeeded", None), ("fail", "failed", "its own"), ("give_up", "cancelled", None)],
)
def test_the_outcome_is_the_tasks_own(
    make_app: MakeApp, jobs: Simmer, caplog: pytest.LogCaptureFixture, wrapper: Any, task: str, state: str,
    words: str | None,
) -> None:  # fmt: skip
    """Whatever a wrapper raises, returns or leaves out; what it did wrong is logged with its name."""
    calls = []
    jobs.around(lambda job, call: calls.append(call()))
    jobs.around(wrapper)
    with caplog.at_level(logging.ERROR):
        job = run(make_app, jobs, task)
    assert (job.state, job.error and job.error["message"]) == (state, words)
    assert len(jobs.registry.wrappers) == 2
    assert len(calls) == (task != "fail")
    logged = [record.getMessage() for record in caplog.records if wrapper.__name__ in record.getMessage()]
    is_its_own_fault = wrapper is not _swallows and not (wrapper in (_after, _twice) and task == "fail")
    assert len(logged) == is_its_own_fault


def test_a_wrapper_can_keep_a_task_from_running(make_app: MakeApp, jobs: Simmer) -> None:
    """By JobCancelled before it calls: the job is cancelled with its words, and its task is not called."""

    @jobs.around
    def no_tenant(job: Any, call: Callable[[], Any]) -> None:
        raise JobCancelled("no such tenant")

    job = run(make_app, jobs, "fail")
    assert (job.state, job.error) == ("cancelled", None)


def test_what_cannot_wrap_is_refused(jobs: Simmer) -> None:
    """A generator, a coroutine function and one with other parameters, at the decorator."""

    def generator(job: Any, call: Any) -> Any:
        yield

    async def coroutine(job: Any, call: Any) -> None:
        call()

    for wrong in (generator, coroutine, lambda job: None, lambda: None, int, None):
        with pytest.raises(TaskDefinitionError, match="around"):
            jobs.around(wrong)  # type: ignore[type-var]
    assert jobs.registry.wrappers == ()
