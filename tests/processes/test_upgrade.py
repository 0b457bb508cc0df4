"""Tables of an earlier version under a process that serves: said, and over once they are mended."""

from __future__ import annotations

from ..database.earlier_tables import make_earlier_tables
from .server_host import ServerHost


def test_started_on_tables_of_an_earlier_version(here: ServerHost) -> None:
    """It acknowledges nothing and says why; within a second of `init-db` it runs jobs and fires schedules."""
    make_earlier_tables(here.url)
    server = here.start("waitress", TABLES="no")
    for answer in (server.ask("jobs", {"task": "echo", "args": {"value": 1}}), server.ask("health/ready")):
        assert answer.status == 503
        assert "simmer_workers.tasks" in str(answer.body)
        assert "flask jobs init-db" in str(answer.body)
    server.says("no job runs yet")
    here.run("-m", "flask", "--app=host", "jobs", "init-db", TABLES="no")
    took = here.until("tick", "SELECT id FROM simmer_schedules")
    print(f"went on {took:.2f} s after the columns were there")
    assert took < 1
    here.until_job(server.submit("echo", value=1), "succeeded")
    assert server.is_ready()
    assert server.words.count("no job runs yet") == 1
    assert "Traceback" not in server.words
