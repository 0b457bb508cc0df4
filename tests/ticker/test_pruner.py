"""What the pruner deletes besides jobs and decisions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.jobs.store import thread_dumps
from app.jobs.ticker.pruner import Pruner

from ..api.api_client import api_client
from ..store.factory import register


def test_stacks_of_threads_do_not_stay(tmp_path: Path) -> None:
    """What nobody can be waiting for any more is deleted in the next round."""
    with api_client(tmp_path) as here, here.app.app_context():
        runtime = here.jobs.runtime
        pruner = Pruner(runtime.database, runtime.settings, runtime.clock)
        with runtime.database.write() as conn:
            register(conn, "one")
            old = thread_dumps.request(conn, "one", runtime.clock.now() - timedelta(hours=1))
            new = thread_dumps.request(conn, "one", runtime.clock.now())
            thread_dumps.answer(conn, "one", "threads")
        pruner.run_once()
        with runtime.database.read() as conn:
            assert [thread_dumps.answer_to(conn, each or "") for each in (old, new)] == [None, "threads"]
