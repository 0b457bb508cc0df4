"""What the document says of responses, held against what the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs import current_job
from app.jobs.api.openapi.examples import example_of
from app.jobs.api.openapi.schemas import all_schemas
from app.jobs.service.thread_dumps import read_threads

from ...support import eventually
from ..api_client import ApiClient, api_client
from .described import complaints


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """An app in which a bit of everything has happened."""
    with api_client(tmp_path_factory.mktemp("lived"), retention=1_000_000) as here:

        @here.jobs.task
        def busy() -> dict[str, int]:
            current_job.log.info("begun")
            current_job.progress(1, 2, "half", data={"at": 1})
            current_job.step("first", lambda: {"long": "x" * 5_000})
            current_job.attach(b"1,2", name="report.csv")
            return {"a": 1}

        here.submit("busy", tags=["busy"], meta={"tenant": 7})
        here.submit("fail", tags=["fail"])
        here.submit("report", args={"month": "x" * 5_000})
        here.submit("add", delay=60, tags=["later"])
        here.post("/jobs/batch", {"jobs": [{"task": "add"}], "on_done": {"task": "add"}})
        here.drain()
        here.client.patch("/api/v1/queues/default", json={"concurrency": 2})
        here.client.patch("/api/v1/tasks/add", json={"rate": ["5/s", "a"], "concurrency": 3})
        here.post("/schedules/hourly/skip")
        yield here


def job_tagged(here: ApiClient, tag: str) -> str:
    """The id of the job with that tag."""
    return str(here.get(f"/jobs?tag={tag}").get_json()["items"][0]["id"])


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/tasks", "TaskList"),
        ("/tasks/add", "Task"),
        ("/jobs?count=true", "JobPage"),
        ("/jobs/{busy}", "Job"),
        ("/jobs/{fail}", "Job"),
        ("/jobs/{later}", "Job"),
        ("/jobs/{busy}/logs", "LogPage"),
        ("/jobs/{fail}/attempts", "AttemptList"),
        ("/jobs/{busy}/events", "EventList"),
        ("/jobs/{busy}/steps", "StepList"),
        ("/jobs/{busy}/files", "FileList"),
        ("/schedules", "ScheduleList"),
        ("/schedules/hourly", "Schedule"),
        ("/schedules/hourly/history", "FireTimeList"),
        ("/queues", "QueueList"),
        ("/stats", "Stats"),
        ("/workers", "WorkerList"),
        ("/health/live", "Live"),
        ("/health/ready", "Ready"),
        ("/jobs/no-such-job", "Problem"),
        ("/jobs?limit=no", "Problem"),
    ],
)
def test_what_is_shown_is_what_is_described(path: str, schema: str, lived: ApiClient) -> None:
    """Every name that a response has, and no other."""
    tags = {tag: job_tagged(lived, tag) for tag in ("busy", "fail", "later")}
    shown = lived.get(path.format(**tags)).get_json()
    assert complaints(schema, shown) == []
    assert shown.get("items", [1]) or path == "/workers"


@pytest.mark.parametrize(
    ("path", "body", "schema"),
    [
        ("/jobs", {"task": "add"}, "Job"),
        ("/jobs", {"task": "add", "args": {"c": 1}}, "Problem"),
        ("/jobs/batch", {"jobs": [{"task": "add"}]}, "BatchAccepted"),
        ("/jobs/actions", {"action": "cancel", "filter": {"tag": "x"}}, "BulkResult"),
        ("/schedules", {"task": "add", "trigger": {"type": "interval", "hours": 1}}, "Schedule"),
        ("/schedules/preview", {"trigger": {"type": "cron", "expression": "30 3 * * *"}}, "Preview"),
        (
            "/schedules/preview",
            {
                "trigger": {"type": "cron", "expression": "30 3 * * *", "timezone": "Europe/Helsinki"},
                "after": "2026-03-28T12:00:00Z",
            },
            "Preview",
        ),
    ],
)
def test_what_a_post_answers_is_what_is_described(
    path: str, body: Any, schema: str, lived: ApiClient
) -> None:
    """The same of what is made."""
    assert complaints(schema, lived.post(path, body).get_json()) == []


def test_a_batch_is_as_described(lived: ApiClient) -> None:
    """With its counts and what comes after it."""
    made = lived.post("/jobs/batch", {"jobs": [{"task": "add"}], "on_success": {"task": "add"}}).get_json()
    assert complaints("Batch", lived.get(f"/batches/{made['batch_id']}").get_json()) == []


def test_a_worker_and_its_threads_are_as_described(tmp_path: Path) -> None:
    """With real threads, one of which runs a job."""
    with api_client(tmp_path, engine="thread", threads=1) as here, here.app.app_context():

        @here.jobs.task
        def wait() -> None:
            while not current_job.stopping:
                current_job.check()

        here.jobs.start()
        here.submit("wait", timeout=60)
        eventually(lambda: here.get("/stats").get_json()["states"]["running"]["value"] == 1)
        workers = here.get("/workers").get_json()
        assert complaints("WorkerList", workers) == []
        runtime = here.jobs.runtime
        threads = read_threads(runtime.database, runtime.clock, workers["items"][0]["id"])
        assert threads["items"][0]["task"] == "wait"
        assert complaints("Threads", threads) == []


def test_examples_of_arguments_are_taken(untouched: ApiClient) -> None:
    """What is shown to be sent can be."""
    tasks = untouched.jobs.registry.tasks
    schemas = all_schemas(tasks)
    for name, task in tasks.items():
        task.arguments.check(example_of(schemas[f"Args.{name}"], schemas))
