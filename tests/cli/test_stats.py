"""`flask jobs stats`."""

from __future__ import annotations

from pathlib import Path

from .command_line import command_line

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
