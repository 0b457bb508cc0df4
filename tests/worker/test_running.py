"""How many jobs a worker has room for."""

from __future__ import annotations

from app.jobs.clock import Clock
from app.jobs.worker.running import Running


def test_an_idle_worker_has_room_for_what_its_tasks_allow() -> None:
    """One job for each thread, and what is prefetched of its shortest task: more is not read."""
    running = Running(2, Clock(), lambda: None)
    assert running.room == 2
    running.prefetch.record("short", 0.01)
    running.prefetch.record("long", 1.0)
    assert running.room == 2 * (1 + 5)
