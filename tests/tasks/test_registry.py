"""Registering tasks: bounds, names, and what a process does not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import Job, Simmer
from app.jobs.errors import TaskDefinitionError
from app.jobs.tasks.registry import TaskDefinition
from tests.store.factory import submit

from ..engines.driver import THREADED, EngineDriver
from ..support import eventually

PAST = datetime(2020, 1, 1, tzinfo=UTC)

WRONG: list[dict[str, Any]] = [
    {"queue": ""}, {"queue": "a b"}, {"queue": "x" * 65}, {"queue": None},
    {"priority": 1_001}, {"priority": 1.5}, {"priority": "high"}, {"priority": True},
    {"max_attempts": 0}, {"max_attempts": 101}, {"max_attempts": 2.5}, {"max_attempts": None},
    {"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"timeout": float("inf")}, {"timeout": "1"},
    {"timeout": True}, {"on_interrupt": "ignore"}, {"retry_on": ("OSError",)}, {"retry_on": 3},
    {"never_on": ("OSError",)}, {"retention": -1}, {"keep_result_for": "1d"},
    {"backoff": -1}, {"backoff": "constant"}, {"backoff": lambda: 1}, {"backoff": float("nan")},
    {"backoff": 10**400}, {"timeout": 10**400},
    {"tags": ("",)}, {"tags": ("x" * 101,)}, {"tags": ("a\0b",)}, {"tags": (1,)}, {"tags": ("x",) * 51},
    {"unique": 5}, {"unique": ()}, {"unique": False}, {"unique": lambda: ""}, {"unique_for": 0},
    {"expires_in": -1}, {"on_conflict": "ignore"}, {"unique_key": "k"},
    {"rate": "1/w"}, {"process": True}, {"function": None}, {"nothing": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", WRONG, ids=range(len(WRONG)))
def test_a_task_with_an_option_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    """At its registration."""
    register = Simmer().task("add", **options)
    with pytest.raises(TaskDefinitionError):
        register(lambda: 1)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"never_on": Exception}, "retry_on/0"),
        ({"retry_on": OSError, "never_on": (ValueError, OSError)}, "retry_on/0"),
        ({"retry_on": (ValueError, TimeoutError), "never_on": OSError}, "retry_on/1"),
    ],
)
def test_what_would_never_be_retried_is_refused(options: dict[str, Any], place: str) -> None:
    """A class that never_on has too, or a base of it: the message names both options and the class."""
    with pytest.raises(TaskDefinitionError, match=f"{place} is in never_on too, which wins: take [A-Z]"):
        TaskDefinition("t", lambda: None, options)


@pytest.mark.parametrize("keep_result_for", [60, timedelta(minutes=2)])
def test_a_result_that_would_not_go_before_its_job_is_refused(keep_result_for: Any) -> None:
    """Of two lengths of time the one of the result is to be the shorter one."""
    with pytest.raises(TaskDefinitionError, match="keep_result_for must be less than retention"):
        TaskDefinition("t", lambda: None, {"retention": 60, "keep_result_for": keep_result_for})
    TaskDefinition("t", lambda: None, {"retention": None, "keep_result_for": keep_result_for})


def test_a_schema_that_cannot_be_is_refused() -> None:
    """Where the schemas are built, which is when an app starts."""
    jobs = Simmer()
    jobs.task("add", schema=int)(lambda: 1)  # type: ignore[arg-type]
    with pytest.raises(TaskDefinitionError, match="schema="):
        jobs.registry.check()


@pytest.mark.parametrize("name", ["a b", "x" * 201, "a/b", "ü", "a\n"])
def test_a_task_with_a_name_that_cannot_be_is_refused(name: str) -> None:
    """Names are 1 to 200 letters, digits, dots, underscores, colons and dashes."""
    register = Simmer().task(name)
    with pytest.raises(TaskDefinitionError, match="1-200 letters"):
        register(lambda: 1)


def test_a_second_task_of_the_same_name_is_refused_naming_both_places() -> None:
    """At once, with both files and lines."""
    jobs = Simmer()

    @jobs.task("report")
    def one() -> None: ...

    def two() -> None: ...

    with pytest.raises(TaskDefinitionError) as caught:
        jobs.task("report")(two)
    lines = [one.definition.function.__code__.co_firstlineno, two.__code__.co_firstlineno]
    assert all(f"{__file__}:{line}" in str(caught.value) for line in lines)


def test_the_name_defaults_to_the_functions() -> None:
    """With and without parentheses."""
    jobs = Simmer()

    @jobs.task
    def one() -> None: ...

    @jobs.task(queue="mail")
    def two() -> None: ...

    assert list(jobs.registry.tasks) == ["one", "two"]
    assert two.definition.options["queue"] == "mail"


def test_defaults_of_a_task(driver: EngineDriver) -> None:
    """One attempt, priority 0, the default queue, no timeout, no tags."""
    driver.jobs.task("add")(lambda: 1)
    job = driver.run("add")
    assert (job.max_attempts, job.priority, job.queue, job.tags) == (1, 0, "default", ())


def test_a_job_keeps_the_options_of_its_task(driver: EngineDriver) -> None:
    """As they were at its submission; what the submission says goes before them."""
    driver.jobs.task("add", queue="mail", priority=3, max_attempts=4, timeout=60, tags=("t",))(lambda: 1)
    job = driver.run("add")
    assert (job.queue, job.priority, job.max_attempts, job.tags) == ("mail", 3, 4, ("t",))
    job = driver.run("add", queue="default", priority=-3, max_attempts=2, tags=())
    assert (job.queue, job.priority, job.max_attempts, job.tags) == ("default", -3, 2, ())


def is_waiting_for(driver: EngineDriver, job_id: str, reason: str) -> Job | None:
    """The job, if that is why it waits."""
    job = driver.jobs.get(job_id)
    return job if job.waiting_reason == reason else None


def test_a_task_that_is_not_known_waits_for_its_registration(driver: EngineDriver) -> None:
    """Its job stays queued and says why; a later registration runs it."""
    with driver.jobs.runtime.database.write() as conn:
        job_id = submit(conn, task="later", created_at=PAST, run_at=PAST)
    driver.jobs.runtime.jobs_submitted([job_id])
    driver.settle()
    waiting = driver.jobs.get(job_id)
    expected = "no task is named 'later' in this process"
    if driver.engine in THREADED:
        expected = "no worker knows the task 'later'"
    waiting = eventually(lambda: is_waiting_for(driver, job_id, expected))
    assert waiting.state == "queued"
    driver.jobs.task("later")(lambda: "there")
    driver.jobs.runtime.jobs_submitted([job_id])
    done = driver.finish(waiting)
    assert (done.result, done.waiting_reason) == ("there", None)


def test_a_task_of_a_task_is_a_task_of_its_function(driver: EngineDriver) -> None:
    """Under the new name, with its own options, beside the first one."""
    jobs = driver.jobs

    def work(x: int = 1) -> int:
        return x

    inner = jobs.task("inner", queue="reports")(work)
    outer = jobs.task("outer")(inner)
    assert jobs.registry.get("outer").function is jobs.registry.get("inner").function is work
    made = [task.submit(x=2) for task in (inner, outer)]
    assert [(job.task, job.queue) for job in made] == [("inner", "reports"), ("outer", "default")]
    assert [driver.finish(job).result for job in made] == [2, 2]
