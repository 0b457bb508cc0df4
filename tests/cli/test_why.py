"""`flask jobs why`, and the line of it that `show` has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..support import eventually
from .command_line import command_line, is_refusal

API = "/api/v1"


def test_why_says_what_holds_a_job_and_until_when(tmp_path: Path) -> None:
    """A line for each thing that is known; `show` has it in one."""
    with command_line(tmp_path) as here:
        here.submit("add", "a=1")
        here.drain()
        job_id = here.submit("add", "a=1", "--delay", 3_600)
        run_at = here.get(job_id).run_at
        starts = f"about {run_at:%Y-%m-%dT%H:%M:%SZ}, in 60 minutes"
        first, *lines = here.ok("why", job_id).splitlines()
        assert first == f"scheduled  not due until {run_at:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert [line.split(maxsplit=1) for line in lines] == [
            ["starts", starts],
            ["ends", starts],
            ["basis", "median of the latest 1 run of add; once due, if a thread is free"],
        ]
        (line,) = [line for line in here.ok("show", job_id).splitlines() if line.startswith("waiting_reason")]
        assert line.split(maxsplit=1)[1] == f"{first.split(maxsplit=1)[1]}; starts {starts}; ends {starts}"


def test_why_names_who_holds_a_limit(tmp_path: Path) -> None:
    """The ids of the jobs that run, and nothing of a running one but that it does."""
    with command_line(tmp_path, engine="thread", threads=2) as here:
        here.ok("tasks", "limit", "until_told", "--concurrency", 1)
        running, waiting = here.submit("until_told"), here.submit("until_told")
        here.start()
        eventually(lambda: "is reached by" in here.ok("why", waiting))
        assert here.ok("why", waiting).splitlines() == [
            f"queued   the limit of 1 of the task 'until_told' is reached by {running}",
            f"held by  {running}",
        ]
        # Its start is written with the next report of the worker.
        eventually(lambda: here.ok("why", running) == "running  it runs, and waits for nothing\n")


def test_why_of_what_does_not_wait(tmp_path: Path) -> None:
    """Nothing holds it, or it has ended."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        assert here.ok("why", job_id) == "queued  nothing holds it\n"
        here.drain()
        assert here.ok("why", job_id[:18]) == "succeeded  it has ended, and waits for nothing\n"
        assert "waiting_reason" not in here.ok("show", job_id)


def test_why_as_json_is_what_the_api_answers(tmp_path: Path) -> None:
    """The job with its explanation, without the links that only HTTP has."""
    with command_line(tmp_path) as here:
        job_id = here.submit("report", "month=May", "password=p")
        answered = here.app.test_client().get(f"{API}/jobs/{job_id}?explain=1").get_json()
        assert here.json("why", job_id) == answered | {"links": None}


@pytest.mark.parametrize("job_id", ["01890000-0000-7000-8000-000000000000", "nonsense", "\udcff"])
def test_an_unknown_id_is_not_found(tmp_path: Path, job_id: str) -> None:
    """Exit code 3, as for `show`."""
    with command_line(tmp_path) as here:
        is_refusal(here("why", job_id), 3, "no job has the id")


def test_what_fits_several_jobs_is_a_mistake_of_usage(tmp_path: Path) -> None:
    """Exit code 2, and the ids are listed."""
    with command_line(tmp_path) as here:
        ids = [here.submit("add", "a=1") for _ in range(2)]
        is_refusal(here("why", ids[0][:8]), 2, *ids)
        is_refusal(here("why"), 2, "Missing argument")
