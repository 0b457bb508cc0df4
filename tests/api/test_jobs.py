"""One job: reading it, its history, and what may be done with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs.ids import new_id

from .api_client import API, api_client, is_problem, pointers

BAD_IDS = [
    "x",
    "0",
    "%00",
    "%ff%fe",
    "01937f3c",
    "a" * 9_000,
    "..",
    "{}",
    new_id().upper(),
    f"{{{new_id()}}}",
]

RESOURCES = ("self", "result", "attempts", "events", "logs", "steps", "files", "stream")
"""What every job links."""


def test_a_finished_job_shows_its_result_and_times(tmp_path: Path) -> None:
    """After the run the job is succeeded, with result, attempt and both durations."""
    with api_client(tmp_path) as here:
        job = here.submit(args={"a": 2, "b": 3})
        here.drain()
        done = here.get(f"/jobs/{job['id']}")
        body = done.get_json()
        assert (body["state"], body["result"], body["attempt"], body["error"]) == ("succeeded", 5, 1, None)
        assert body["finished_at"] >= body["started_at"] >= body["created_at"]
        assert body["run_seconds"] >= 0
        assert body["queued_seconds"] >= 0
        assert body["version"] > job["version"]
        assert "Retry-After" not in done.headers


def test_a_failed_job_shows_its_error_and_nothing_more(tmp_path: Path) -> None:
    """The error is a type and a message; a traceback is not shown."""
    with api_client(tmp_path) as here:
        job = here.submit("fail")
        here.drain()
        body = here.get(f"/jobs/{job['id']}").get_json()
        assert (body["state"], body["error"]) == ("failed", {"type": "ValueError", "message": "no luck"})


def test_an_unchanged_job_is_304(tmp_path: Path) -> None:
    """If-None-Match with the job's ETag, weak or strong, in a list or as a star, gives 304 without a body."""
    with api_client(tmp_path) as here:
        job = here.submit()
        etag = here.get(f"/jobs/{job['id']}").headers["ETag"]
        for header in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
            response = here.get(f"/jobs/{job['id']}", headers={"If-None-Match": header})
            assert (response.status_code, response.data) == (304, b"")
            assert response.headers["ETag"] == etag
            assert int(response.headers["Retry-After"]) >= 1
        here.drain()
        assert here.get(f"/jobs/{job['id']}", headers={"If-None-Match": etag}).status_code == 200


def test_a_job_is_never_cached_without_asking(tmp_path: Path) -> None:
    """A job may be kept but must be revalidated; everything else is not kept."""
    with api_client(tmp_path) as here:
        job = here.submit()
        assert here.get(f"/jobs/{job['id']}").headers["Cache-Control"] == "no-cache"
        assert here.get("/jobs").headers["Cache-Control"] == "no-store"
        assert here.get("/jobs/x").headers["Cache-Control"] == "no-store"


def test_retry_after_grows_with_the_distance(tmp_path: Path) -> None:
    """A client need not ask often about a job that is due tomorrow."""
    with api_client(tmp_path) as here:
        soon, late = here.submit(), here.submit(delay=86_400)
        assert here.get(f"/jobs/{soon['id']}").headers["Retry-After"] == "1"
        assert here.get(f"/jobs/{late['id']}").headers["Retry-After"] == "30"


def test_links_hold_the_actions_that_are_allowed(tmp_path: Path) -> None:
    """A queued job links cancel, a final one retry; every link of a GET answers."""
    with api_client(tmp_path) as here:
        job = here.submit()
        own = f"{API}/jobs/{job['id']}"
        assert set(job["links"]) == {*RESOURCES, "cancel"}
        assert job["links"]["self"] == own
        here.drain()
        done = here.get(f"/jobs/{job['id']}").get_json()["links"]
        assert set(done) == {*RESOURCES, "retry"}
        for name in RESOURCES:
            assert here.client.get(done[name]).status_code == 200
        assert here.client.post(done["retry"]).status_code == 202


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": b""}, {"data": ""}])
def test_a_queued_job_is_cancelled_at_once(tmp_path: Path, body: dict[str, object]) -> None:
    """Cancelling what does not run answers 200 with the cancelled job, with no body or an empty object."""
    with api_client(tmp_path) as here:
        job = here.submit()
        response = here.client.post(f"{API}/jobs/{job['id']}/cancel", **body)
        assert response.status_code == 200
        assert response.get_json()["state"] == "cancelled"
        assert response.headers["ETag"] == f'W/"{response.get_json()["version"]}"'


def test_cancelling_what_is_over_is_409(tmp_path: Path) -> None:
    """A job that succeeded cannot be cancelled."""
    with api_client(tmp_path) as here:
        job = here.submit()
        here.drain()
        is_problem(here.post(f"/jobs/{job['id']}/cancel"), 409, "invalid-state")


def test_actions_take_no_fields(tmp_path: Path) -> None:
    """A body with a field in it is refused, and the job stays as it was."""
    with api_client(tmp_path) as here:
        job = here.submit()
        document = is_problem(here.post(f"/jobs/{job['id']}/cancel", {"reason": "x"}), 422, "validation")
        assert pointers(document) == {"#/reason"}
        assert here.get(f"/jobs/{job['id']}").get_json() == job


def test_a_final_job_can_be_retried(tmp_path: Path) -> None:
    """Retry answers 202 with the same id, keeps the history and runs once more."""
    with api_client(tmp_path) as here:
        job = here.submit("fail")
        is_problem(here.post(f"/jobs/{job['id']}/retry"), 409, "invalid-state")
        here.drain()
        response = here.post(f"/jobs/{job['id']}/retry")
        assert response.status_code == 202
        assert response.headers["Location"] == f"{API}/jobs/{job['id']}"
        assert (response.get_json()["id"], response.get_json()["state"]) == (job["id"], "queued")
        here.drain()
        attempts = here.get(f"/jobs/{job['id']}/attempts").get_json()["items"]
        assert [(each["run"], each["attempt"], each["outcome"]) for each in attempts] == [
            (1, 1, "failed"),
            (2, 2, "failed"),
        ]


def test_only_a_final_job_can_be_deleted(tmp_path: Path) -> None:
    """DELETE is 409 before the end, 204 after it, 404 the second time."""
    with api_client(tmp_path) as here:
        job = here.submit()
        path = f"{API}/jobs/{job['id']}"
        is_problem(here.client.delete(path), 409, "invalid-state")
        here.drain()
        response = here.client.delete(path)
        assert (response.status_code, response.data) == (204, b"")
        is_problem(here.client.delete(path), 404, "not-found")
        is_problem(here.get(f"/jobs/{job['id']}/events"), 404, "not-found")


def test_the_result_alone(tmp_path: Path) -> None:
    """`/result` is the bare result; 409 with Retry-After before the end, without where there will be none."""
    with api_client(tmp_path) as here:
        good, bad, off = here.submit(args={"a": 4}), here.submit("fail"), here.submit("give_up")
        early = here.get(f"/jobs/{good['id']}/result")
        is_problem(early, 409, "invalid-state")
        assert int(early.headers["Retry-After"]) >= 1
        here.drain()
        assert here.get(f"/jobs/{good['id']}/result").get_json() == 4
        for job in (bad, off):
            late = here.get(f"/jobs/{job['id']}/result")
            is_problem(late, 409, "invalid-state")
            assert "Retry-After" not in late.headers


def test_a_result_of_none_is_null(tmp_path: Path) -> None:
    """A task that returns nothing has the result null, with 200."""
    with api_client(tmp_path) as here:
        job = here.submit("echo")
        here.drain()
        response = here.get(f"/jobs/{job['id']}/result")
        assert (response.status_code, response.get_json()) == (200, None)


def test_attempts_and_events_have_the_documented_keys(tmp_path: Path) -> None:
    """Each entry of the history has exactly the keys of the documentation, with UTC times."""
    with api_client(tmp_path) as here:
        job = here.submit("fail")
        here.drain()
        (attempt,) = here.get(f"/jobs/{job['id']}/attempts").get_json()["items"]
        events = here.get(f"/jobs/{job['id']}/events").get_json()["items"]
        assert list(attempt) == [
            "run",
            "attempt",
            "outcome",
            "worker",
            "claimed_at",
            "started_at",
            "finished_at",
            "error",
        ]
        assert list(attempt["error"]) == ["type", "message", "traceback"]
        assert attempt["finished_at"].endswith("Z")
        assert [list(event) for event in events] == [
            ["id", "at", "type", "from", "to", "attempt", "worker", "reason", "by"]
        ] * len(events)
        assert [(event["from"], event["to"]) for event in events] == [
            (None, "queued"),
            ("queued", "running"),
            ("running", "failed"),
        ]


@pytest.mark.parametrize("id", BAD_IDS, ids=range(len(BAD_IDS)))
def test_an_id_that_cannot_be_is_404(tmp_path: Path, id: str) -> None:
    """What is no id, and an id that nobody has, is a 404 problem on every route that takes one."""
    with api_client(tmp_path) as here:
        for path in ("", "/result", "/attempts", "/events"):
            is_problem(here.get(f"/jobs/{id}{path}"), 404, "not-found")
        for action in ("cancel", "retry"):
            is_problem(here.post(f"/jobs/{id}/{action}"), 404, "not-found")
        is_problem(here.client.delete(f"{API}/jobs/{id}"), 404, "not-found")
        is_problem(here.get(f"/batches/{id}"), 404, "not-found")


def test_an_unknown_id_is_404(tmp_path: Path) -> None:
    """A well-formed id that no job has is 404, for every verb."""
    with api_client(tmp_path) as here:
        path = f"/jobs/{new_id()}"
        for response in (here.get(path), here.post(f"{path}/cancel"), here.client.delete(API + path)):
            is_problem(response, 404, "not-found")


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    """HEAD gives the headers of GET."""
    with api_client(tmp_path) as here:
        job = here.submit()
        head, get = (call(f"{API}/jobs/{job['id']}") for call in (here.client.head, here.client.get))
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["ETag"] == get.headers["ETag"]
