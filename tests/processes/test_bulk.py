"""More jobs than are done at once: the job that does it is killed, and goes on."""

from __future__ import annotations

import pytest

from ..support import eventually
from .server_host import ServerHost

COUNT = 5_000
CANCELLED = "SELECT count(*) FROM simmer_jobs WHERE task = 'echo' AND state = 'cancelled'"
EVENTS = """SELECT count(*), count(DISTINCT job_id) FROM simmer_events JOIN simmer_jobs
            ON simmer_jobs.id = simmer_events.job_id WHERE task = 'echo' AND type = 'cancelled'"""


@pytest.mark.long
def test_a_job_that_cancels_thousands_goes_on_after_a_kill(here: ServerHost) -> None:
    """Killed in the middle, it ends after the restart: each job is cancelled once, with one event."""
    server = here.up("waitress")
    jobs = [{"task": "echo", "args": {"value": n}, "delay": 3_600} for n in range(1_000)]
    for _ in range(COUNT // len(jobs)):
        assert server.ask("jobs/batch", {"jobs": jobs}).status == 202
    answer = server.ask("jobs/actions", {"action": "cancel", "filter": {"task": "echo"}})
    assert answer.status == 202
    assert answer.headers["Location"].endswith(answer.body["id"])
    eventually(lambda: here.rows.one(CANCELLED), 20)
    server.kill()
    before = here.rows.one(CANCELLED)
    print(f"killed with {before} of {COUNT} cancelled")
    assert before < COUNT
    again = here.ready(here.start("waitress"))
    here.until(COUNT, CANCELLED)
    here.until_job(answer.body["id"], "succeeded")
    job = again.ask(f"jobs/{answer.body['id']}").body
    assert job["result"] == {"affected": COUNT - before}
    assert here.rows.of(EVENTS) == [(COUNT, COUNT)]
    here.rows.check_histories()
