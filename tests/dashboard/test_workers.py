"""The workers: who they are, what they run, what their threads do."""

from __future__ import annotations

from pathlib import Path

from ..support import eventually
from .browsing import UI, dashboard, page, words


def test_a_running_worker_is_shown_with_the_stacks_of_its_threads(tmp_path: Path) -> None:
    """Its process, its threads, that it fires schedules; and the stack of each thread on request."""
    with dashboard(tmp_path, engine="thread", threads=2) as here:
        with here.app.app_context():
            here.jobs.start()
        workers = eventually(lambda: here.get("/workers").get_json()["items"])
        text = words(page(here, "/workers"))
        assert "0/2" in text
        assert "running" in text
        threads = page(here, f"/workers/{workers[0]['id']}/threads")
        assert "of ours" in words(threads)


def test_without_a_worker_it_says_how_to_start_one(tmp_path: Path) -> None:
    """An empty page is an instruction; a worker that is not there is 404."""
    with dashboard(tmp_path) as here:
        assert "flask jobs worker" in words(page(here, "/workers"))
        assert here.client.get(f"{UI}/workers/0/threads").status_code == 404
