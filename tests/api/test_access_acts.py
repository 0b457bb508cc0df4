"""Who did it: every act of an operator has the name of the token, or what JOBS_AUTH returned."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from .api_client import API, ApiClient, api_client

TOKENS = {
    "token-of-ada": {"name": "ada", "rights": ["operate"]},
    "token-of-nobody": ["operate"],
    "token-of-reader": {"name": "reader", "rights": ["read"]},
}
ADA = {"Authorization": "Bearer token-of-ada"}
NOBODY = {"Authorization": "Bearer token-of-nobody"}


def act(here: ApiClient, method: str, path: str, body: Any = None, **options: Any) -> Any:
    """What a request below the API's prefix, in Ada's name, is answered; it must go well."""
    options.setdefault("headers", ADA)
    more = {} if body is None else {"json": body}
    response = here.client.open(API + path, method=method, **more, **options)
    assert response.status_code < 300, response.get_data(as_text=True)
    return response.get_json()


def submit(here: ApiClient, **body: Any) -> str:
    """A job that is due in an hour; its id."""
    found: str = act(here, "POST", "/jobs", {"task": "add", "delay": 3_600, **body})["id"]
    return found


def history(here: ApiClient, job_id: str) -> list[tuple[str, str | None]]:
    """The events of a job, with who caused each."""
    items = act(here, "GET", f"/jobs/{job_id}/events")["items"]
    return [(event["type"], event["by"]) for event in items]


def test_each_act_on_a_job_is_signed(tmp_path: Path, url: URL) -> None:
    """Edit, cancel, retry and actions on many; a submission is no operator's act."""
    with api_client(tmp_path, url=url, api_tokens=TOKENS) as here:
        job_id = submit(here)
        act(here, "PATCH", f"/jobs/{job_id}", {"priority": 3})
        act(here, "POST", f"/jobs/{job_id}/cancel")
        act(here, "POST", f"/jobs/{job_id}/retry")
        act(here, "POST", "/jobs/actions", {"action": "cancel", "ids": [job_id]})
        act(here, "POST", f"/jobs/{job_id}/retry", headers=NOBODY)
        assert history(here, job_id) == [
            ("submitted", None), ("edited", "ada"), ("cancelled", "ada"), ("retried", "ada"),
            ("cancelled", "ada"), ("retried", None),
        ]  # fmt: skip


def test_a_running_job_that_is_asked_to_stop_has_an_event_of_it(tmp_path: Path) -> None:
    """Once, however often it is asked; the end that follows is the worker's."""
    began, stop = threading.Event(), threading.Event()
    with api_client(tmp_path, engine="thread", api_tokens=TOKENS) as here:

        @here.jobs.task
        def wait() -> None:
            began.set()
            stop.wait(10)

        with here.app.app_context():
            here.jobs.start()
        job_id = act(here, "POST", "/jobs", {"task": "wait"})["id"]
        assert began.wait(10)
        act(here, "POST", f"/jobs/{job_id}/cancel")
        act(here, "POST", f"/jobs/{job_id}/cancel")
        stop.set()
        assert act(here, "GET", f"/jobs/{job_id}?wait=10")["state"] == "cancelled"
        assert history(here, job_id)[-2:] == [("cancel_requested", "ada"), ("cancelled", None)]


def test_what_is_done_to_a_batch_is_signed_in_its_jobs(tmp_path: Path) -> None:
    """Cancelled and retried jobs of a batch say who asked."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        made = act(here, "POST", "/jobs/batch", {"jobs": [{"task": "fail"}, {"task": "add", "delay": 60}]})
        here.drain()
        failed, waits = (item["id"] for item in made["items"])
        act(here, "POST", f"/batches/{made['batch_id']}/cancel")
        act(here, "POST", f"/batches/{made['batch_id']}/retry")
        assert history(here, waits)[-1] == ("cancelled", "ada")
        assert history(here, failed)[-1] == ("retried", "ada")


@pytest.mark.parametrize("key", [None, "once"])
def test_a_schedule_says_who_changed_it_and_its_job_who_ran_it(
    tmp_path: Path, url: URL, key: str | None
) -> None:
    """Made, changed, paused, resumed, skipped: the last one's name; and `run` signs the job."""
    with api_client(tmp_path, url=url, api_tokens=TOKENS) as here:
        headers = ADA if key is None else {**ADA, "Idempotency-Key": key}
        assert act(here, "GET", "/schedules/hourly")["updated_by"] is None
        body = {"id": "s", "task": "tick", "trigger": {"type": "interval", "seconds": 10}}
        assert act(here, "POST", "/schedules", body, headers=headers)["updated_by"] == "ada"
        del body["id"]
        pause, resume = ("POST", "/schedules/s/pause", None), ("POST", "/schedules/s/resume", None)
        skip = ("POST", "/schedules/s/skip", None)
        for before, request in (
            (skip, ("PATCH", "/schedules/s", {"jitter": 1})), (skip, ("PUT", "/schedules/s", body)),
            (skip, pause), (pause, resume), (skip, ("PATCH", "/schedules/s", {"paused": True})),
            (pause, ("PATCH", "/schedules/s", {"paused": False})), (skip, skip),
        ):  # fmt: skip
            # By nobody, so that each has to write its own name.
            act(here, *resume, headers=NOBODY)
            assert act(here, *before, headers=NOBODY)["updated_by"] is None
            assert act(here, *request)["updated_by"] == "ada", request
        newest, *older = act(here, "GET", "/schedules/s/history")["items"]
        assert (newest["decision"], newest["by"]) == ("skipped", "ada")
        assert {row["by"] for row in older} == {None}
        if key is not None:
            headers = {**ADA, "Idempotency-Key": "for the run"}
        job = act(here, "POST", "/schedules/s/run", headers=headers)
        assert history(here, job["id"]) == [("submitted", "ada")]


def test_the_job_that_a_unique_run_finds_keeps_its_own_name(tmp_path: Path) -> None:
    """Whoever runs a schedule whose job is there already has not submitted that one."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:

        @here.jobs.task(unique=True)
        def single() -> None: ...

        body = {"id": "s", "task": "single", "trigger": {"type": "interval", "seconds": 10}}
        act(here, "POST", "/schedules", body)
        first = act(here, "POST", "/schedules/s/run", headers=NOBODY)
        assert act(here, "POST", "/schedules/s/run")["id"] == first["id"]
        assert history(here, first["id"]) == [("submitted", None)]


def test_what_jobs_auth_returned_is_the_name(tmp_path: Path) -> None:
    """A text is, True and other values are not, and a token that has the right comes first."""
    returned: list[Any] = []
    with api_client(tmp_path, api_tokens=TOKENS, auth=lambda _request, _right: returned[-1]) as here:
        for value, headers, name in (
            ("eve", {}, "eve"), ("eve", ADA, "ada"), (True, {}, None), (object(), {}, None),
            ("eve", {"Authorization": "Bearer token-of-reader"}, "eve"),
            (True, {"Authorization": "Bearer token-of-reader"}, "reader"),
            ("e" * 999, {}, "e" * 200), ("a\0b", {}, "a\N{REPLACEMENT CHARACTER}b"),
        ):  # fmt: skip
            returned.append(value)
            job_id = submit(here)
            act(here, "POST", f"/jobs/{job_id}/cancel", headers=headers)
            assert history(here, job_id)[-1] == ("cancelled", name)


def test_queues_and_tasks_say_who_changed_them(tmp_path: Path) -> None:
    """By the name of the token too."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        assert act(here, "POST", "/queues/default/pause")["changes"][0]["by"] == "ada"
        assert act(here, "PATCH", "/tasks/add", {"concurrency": 2})["changes"][0]["by"] == "ada"


def test_python_says_nothing_unless_it_is_told(tmp_path: Path) -> None:
    """`by=` of the methods; without it nobody is named."""
    with api_client(tmp_path) as here, here.app.app_context():
        jobs = here.jobs
        job = jobs.submit("add", delay=60)
        jobs.update(job.id, priority=3, by="ada")
        jobs.cancel(job.id)
        jobs.retry(job.id, by="ada")
        jobs.cancel_many([job.id], by="ada")
        jobs.retry_many([job.id])
        told = [event["by"] for event in jobs.runtime.jobs.events(job.id)]
        assert told == [None, "ada", None, "ada", "ada", None]
        made = jobs.add_schedule(id="s", task="tick", trigger="interval", seconds=5, by="ada")
        assert (made.updated_by, jobs.pause_schedule("s").updated_by) == ("ada", None)
        assert jobs.update_schedule("s", jitter=1, by="ada").updated_by == "ada"
        ran = jobs.run_schedule("s", by="ada")
        assert jobs.runtime.jobs.events(ran.id)[0]["by"] == "ada"
