"""A JOBS_AUTH with three parameters: which job it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Request

from app.jobs import ConfigError, Job
from app.jobs.config import load_settings

from ..dashboard.browsing import UI
from .api_client import ApiClient, api_client, is_problem

NO_JOB = "00000000-0000-7000-8000-000000000000"


def owner(request: Request, right: str, job: Job | None = None) -> bool:
    """Everybody's own jobs, and for ada all there is."""
    user = request.headers.get("X-User")
    return user == "ada" or (job is not None and job.meta.get("user") == user)


def as_user(name: str) -> dict[str, Any]:
    """What a request of that user has."""
    return {"headers": {"X-User": name}}


def submit(here: ApiClient, user: str) -> str:
    """The id of a job of that user."""
    answer = here.post("/jobs", {"task": "fail", "meta": {"user": user}}, **as_user("ada"))
    return str(answer.get_json()["id"])


def test_each_sees_her_own_job(tmp_path: Path) -> None:
    """Routes of one job, actions too, are let in by its owner; lists and other jobs are not."""
    with api_client(tmp_path, auth=owner) as here:
        mine, other = submit(here, "bob"), submit(here, "eve")
        for path in ("", "/logs", "/attempts", "/events", "/files", "/steps"):
            assert here.get(f"/jobs/{mine}{path}", **as_user("bob")).status_code == 200
            is_problem(here.get(f"/jobs/{other}{path}", **as_user("bob")), 403, "forbidden")
        for path in ("/jobs", f"/batches/{mine}", "/stats", "/jobs/no-id", "/nowhere"):
            is_problem(here.get(path, **as_user("bob")), 403, "forbidden")
        assert here.post(f"/jobs/{mine}/cancel", **as_user("bob")).status_code == 200
        is_problem(here.post(f"/jobs/{other}/cancel", **as_user("bob")), 403, "forbidden")
        is_problem(
            here.post("/jobs/actions", {"action": "cancel", "ids": [mine]}, **as_user("bob")),
            403,
            "forbidden",
        )
        is_problem(here.get(f"/jobs/{NO_JOB}", **as_user("ada")), 404, "not-found")


def test_the_dashboard_asks_for_the_job_too(tmp_path: Path) -> None:
    """A page of one job is shown to its owner, who sees no list."""
    with api_client(tmp_path, auth=owner, ui_prefix=UI) as here:
        mine, other = submit(here, "bob"), submit(here, "eve")
        found = [here.client.get(f"{UI}/jobs/{id}", **as_user("bob")).status_code for id in (mine, other)]
        assert found == [200, 403]
        assert here.client.get(f"{UI}/jobs", **as_user("bob")).status_code == 403


def test_it_is_asked_once_for_a_right_with_the_job(tmp_path: Path) -> None:
    """Not first without it; a second right is asked of the same snapshot, and others get None."""
    asked: list[tuple[str, Job | None]] = []

    def auth(request: Request, right: str, job: Job | None) -> bool:
        asked.append((right, job))
        return True

    with api_client(tmp_path, auth=auth) as here:
        id = here.submit()["id"]
        here.get("/jobs")
        assert asked == [("submit", None), ("read", None)]
        asked.clear()
        here.get(f"/jobs/{id}/attempts")
        assert [right for right, _ in asked] == ["read", "operate"]
        first, second = [job for _, job in asked]
        assert first is second
        assert first is not None
        assert first.id == id


def test_a_view_of_the_host_names_its_job(tmp_path: Path) -> None:
    """`jobs.requires(right, job=…)` names the argument of the view; without it there is no job."""
    with api_client(tmp_path, auth=owner) as here:

        @here.app.get("/named/<job_id>")
        @here.jobs.requires("read", job="job_id")
        def named(job_id: str) -> str:
            return job_id

        @here.app.get("/plain/<job_id>")
        @here.jobs.requires("read")
        def plain(job_id: str) -> str:
            return job_id

        with pytest.raises(ValueError, match="'id'"):
            here.jobs.requires("read", job="id")(plain)
        mine = submit(here, "bob")
        assert here.client.get(f"/named/{mine}", **as_user("bob")).status_code == 200
        assert here.client.get(f"/named/{mine}", **as_user("eve")).status_code == 403
        assert here.client.get("/named/no-id", **as_user("bob")).status_code == 403
        assert here.client.get(f"/plain/{mine}", **as_user("bob")).status_code == 403


def test_two_parameters_are_asked_as_ever(tmp_path: Path) -> None:
    """A function of the request and the right alone, however it is spelled, never gets a job."""

    class Rule:
        def __call__(self, *args: Any) -> bool:
            request, right = args
            return isinstance(request, Request) and right in ("read", "submit")

    with api_client(tmp_path, auth=Rule()) as here:
        assert here.get(f"/jobs/{here.submit()['id']}").status_code == 200


async def coroutine(request: Request, right: str) -> bool:
    """What nobody awaits."""
    return False


class AsyncRule:
    """The same as an object."""

    async def __call__(self, request: Request, right: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (1, "callable"),
        (lambda request: True, "must take"),
        (lambda request, right, job, more: True, "must take"),
        (coroutine, "async"),
        (AsyncRule(), "async"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_the_start(auth: Any, words: str) -> None:
    """A function of another number of parameters, and an async one, which would let everybody in."""
    with pytest.raises(ConfigError, match=f"JOBS_AUTH.*{words}"):
        load_settings({"JOBS_AUTH": auth})


def test_where_the_job_cannot_be_read_nobody_is_let_in(tmp_path: Path) -> None:
    """Without its tables the app answers 503 and asks nobody."""
    with api_client(tmp_path, tables=False, auth=owner) as here:
        with here.app.app_context():
            here.jobs.runtime.database.close()
        (tmp_path / "simmer.db").unlink(missing_ok=True)
        answer = here.get(f"/jobs/{NO_JOB}", **as_user("bob"))
        assert answer.status_code == 503
