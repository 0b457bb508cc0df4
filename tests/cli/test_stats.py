"""`flask jobs stats`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.jobs.store import runs

from ..store.factory import claim_one, submit
from .command_line import command_line, is_refusal

API = "/api/v1"


def test_stats_counts_by_state(tmp_path: Path) -> None:
    """One line for each state; --json is what the API answers."""
    with command_line(tmp_path) as here:
        here.submit("add", "a=1")
        here.drain()
        assert ["succeeded", "1"] in [line.split() for line in here.ok("stats").splitlines()]
        assert here.json("stats") == here.app.test_client().get(f"{API}/stats").get_json()


def test_stats_shows_queues_and_tasks(tmp_path: Path) -> None:
    """What waits by queue and task, and how the jobs of each task have ended."""
    with command_line(tmp_path) as here:
        here.submit("add", "a=1")
        here.drain()
        here.submit("add", "a=2", "--queue", "reports")
        lines = [line.split() for line in here.ok("stats").splitlines()]
        assert ["reports", "add", "1", "0"] in [line[:4] for line in lines]
        assert ["add", "1", "0", "0", "0", "0", "0", "0"] in lines
        assert ["unserved", "0"] in lines


def test_stats_names_the_runs_beyond_their_timeout(tmp_path: Path) -> None:
    """A line for each, with its job, its worker and how far it is over."""
    with command_line(tmp_path) as here, here.app.app_context():
        runtime = here.app.extensions["simmer"]
        with runtime.database.write() as conn:
            run = claim_one(conn, submit(conn, timeout=5))
            assert run is not None
            run.started_at = runtime.clock.now() - timedelta(seconds=7)
            runs.record_starts(conn, [run])
        lines = [line.split() for line in here.ok("stats").splitlines()]
        assert ["overdue_runs", "1"] in lines
        titles, line = lines[-2:]
        assert titles == ["JOB", "TASK", "WORKER", "STARTED", "TIMEOUT", "OVERDUE"]
        assert line[:3] == [run.job_id, "add", "worker-1"]
        assert line[-4:] == ["5", "s", "2.0", "s"]


def test_stats_shows_numbers_over_time(tmp_path: Path) -> None:
    """Of the last hour, day and week, or of one of them; --json has that one as the API answers it."""
    with command_line(tmp_path) as here:
        here.submit("add", "a=1")
        here.drain()
        lines = [line.split() for line in here.ok("stats").splitlines()]
        for window in ("1h", "24h", "7d"):
            (found,) = [line for line in lines if line[:1] == [window]]
            assert found[1:4] == ["1", "0", "0"]
            assert (len(found), found[5]) == (12, "s")
        only = here.ok("stats", "--window", "24h").splitlines()
        assert [line.split()[0] for line in only if line.split()[:1] in (["1h"], ["24h"], ["7d"])] == ["24h"]
        answer = here.app.test_client().get(f"{API}/stats?window=24h")
        assert here.json("stats", "--window", "24h") == answer.get_json()
        is_refusal(here("stats", "--window", "2h"), 2, "1h", "24h", "7d")
