"""What does not serve starts nothing: forks, scripts, shells, commands, test clients."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import host
from .server_host import ServerHost

NOTHING: dict[str, Any] = {"threads": [], "running": False, "sigterm": True}
EVERYTHING = ["simmer-dispatcher", "simmer-supervisor", "simmer-ticker"]
CREATE = "from host import create_app, look_round; app = create_app(); "
COMMANDS = (
    (["-m", "flask", "--app=host", "jobs", "tasks"], ""),
    (["-m", "flask", "--app=host", "shell"], "from host import look_round; print(look_round())"),
    (["-m", "flask", "--app=runs_itself", "routes"], ""),
    (["-c", CREATE + "app.app_context().push(); print(look_round())"], ""),
    (["-c", CREATE + "print(app.test_client().get('/api/v1/tasks').status)"], ""),
)
"""Commands with what they read; the third one's app calls `app.run()` while it is imported."""


def assert_nothing_ran(here: ServerHost) -> None:
    """No worker ever had its row, and no ticker declared the schedule."""
    assert here.rows.of("SELECT id FROM simmer_workers") == []
    assert here.rows.of("SELECT id FROM simmer_schedules") == []


def test_a_fork_of_a_process_that_runs_jobs_runs_none(here: ServerHost) -> None:
    """Its children have no thread of ours, use the database, end at SIGTERM, and disturb nobody."""
    found = json.loads(here.run("forks.py"))
    assert found["fork"] == {**NOTHING, "jobs": found["fork"]["jobs"], "code": 0}
    assert found["pool"] == {**NOTHING, "jobs": found["pool"]["jobs"]}
    assert found["fork"]["jobs"] == 50
    assert found["terminated"] == {"code": -15}
    assert found["states"] == ["succeeded"]
    assert (found["here"]["threads"], found["here"]["running"]) == (EVERYTHING, True)
    assert found["after"] == {**NOTHING, "jobs": found["after"]["jobs"]}
    here.rows.check_histories()


def test_a_fork_within_a_request_runs_nothing(here: ServerHost) -> None:
    """The worker of a server serves in its main thread, and so a fork there has the server on its stack."""
    server = here.up("gunicorn -k sync -w1")
    answer = server.ask("/fork")
    assert answer.status == 200
    assert answer.body == {**NOTHING, "jobs": answer.body["jobs"], "sigterm": answer.body["sigterm"]}
    assert here.rows.workers() == 1


def test_what_does_not_serve_starts_nothing(here: ServerHost) -> None:
    """Commands, shells, scripts and test clients make the app and run no job."""
    (here.folder / "runs_itself.py").write_text(
        "from host import create_app\napp = create_app()\napp.run()\n"
    )
    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(lambda each: here.run(*each[0], stdin=each[1]), COMMANDS))
    assert sum("'running': False" in words for words in said) == 2, said
    assert sum("200 OK" in words for words in said) == 1, said
    assert_nothing_ran(here)


def test_a_test_client_starts_nothing(here: ServerHost) -> None:
    """Neither one that says TESTING nor one that forgot to."""
    for testing in (True, False):
        app = host.create_app(here.url, TESTING=testing)
        assert app.test_client().get("/api/v1/tasks").status_code == 200
        with app.app_context():
            assert host.look_round()["threads"] == []
            host.jobs.runtime.database.close()
            host.db.engine.dispose()
    assert_nothing_ran(here)


def test_autostart_can_be_switched_off(here: ServerHost) -> None:
    """AUTOSTART=False: the server serves, and no thread is started."""
    server = here.start("waitress", AUTOSTART=False)
    job_id = server.submit("echo", value=1)
    assert server.ask(f"jobs/{job_id}?wait=0.5").body["state"] == "queued"
    assert_nothing_ran(here)


def test_a_server_that_nobody_knows_starts_at_its_first_request(here: ServerHost) -> None:
    """Its stack proves nothing before."""
    server = here.start("script.py wsgiref")
    assert server.origin
    assert_nothing_ran(here)
    job_id = server.submit("echo", value=1)
    here.until_job(job_id, "succeeded")
