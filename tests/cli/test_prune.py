"""`flask jobs prune`."""

from __future__ import annotations

from pathlib import Path

from app.jobs.testing import Testing

from .command_line import command_line


def test_prune_deletes_what_is_kept_no_longer(tmp_path: Path) -> None:
    """All of it, and nothing else; a second time there is nothing."""
    with command_line(tmp_path) as here:
        for _ in range(3):
            here.submit("add", "a=1")
        here.drain()
        with here.app.app_context():
            Testing(lambda: here.app.extensions["simmer"]).advance("8d")
        here.submit("add", "a=2")
        assert here.ok("prune") == "3 jobs deleted.\n"
        assert here.json("prune") == {"deleted": 0}
        assert len(here.json("list")["items"]) == 1
