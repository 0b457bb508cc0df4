"""`flask jobs queues` and `flask jobs tasks`: shown, paused, resumed, limited."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .command_line import command_line, is_refusal


def test_queues_are_listed_paused_and_resumed(tmp_path: Path) -> None:
    """As a table and as JSON; the command line is who did it."""
    with command_line(tmp_path) as run:
        assert run.ok("queues").split()[:3] == ["NAME", "PAUSED", "QUEUED"]
        shown = run.json("queues", "pause", "default")
        assert (shown["paused"], shown["changes"][0]["by"]) == (True, "command line")
        job_id = run.submit("add", "a=1")
        run.drain()
        assert run.get(job_id).waiting_reason == "the queue 'default' is paused"
        assert re.search(r" yes .* [\d.]+ s ", run.ok("queues", "list"))
        run.ok("queues", "resume", "default")
        run.drain()
        assert run.get(job_id).state == "succeeded"
        assert run.json("queues", "limit", "default", "2")["concurrency"] == 2
        assert run.json("queues")["items"][0]["concurrency"] == 2
        assert run.json("queues", "limit", "default", "none")["concurrency"] is None


def test_tasks_are_paused_and_limited(tmp_path: Path) -> None:
    """`none` is what the code says; the list shows what holds."""
    with command_line(tmp_path) as run:
        assert run.json("tasks", "pause", "add")["paused"] is True
        assert "paused" in run.ok("tasks")
        assert run.json("tasks", "resume", "add")["paused"] is False
        shown = run.json("tasks", "limit", "add", "--concurrency", "2:a", "--rate", "5/s")
        assert (shown["concurrency"], shown["rate"]) == ([2, "a"], "5/s")
        assert "2:a, 5/s" in run.ok("tasks", "list")
        shown = run.json("tasks", "limit", "add", "--concurrency", "none", "--rate", "none")
        assert (shown["concurrency"], shown["rate"]) == (None, None)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("queues", "pause", "nobody"), 3, "nobody"), (("queues", "pause", "a b"), 3, "a b"),
        (("queues", "limit", "default", "many"), 2, "#/concurrency"),
        (("queues", "--json", "pause", "default"), 2, "--json goes after pause"),
        (("tasks", "pause", "nobody"), 3, "nobody"), (("tasks", "limit", "add"), 2, "--concurrency"),
        (("tasks", "limit", "add", "--rate", "5/w"), 2, "#/rate"),
        (("tasks", "limit", "add", "--rate", "5/s:nobody"), 2, "'nobody'"),
        (("tasks", "--json", "pause", "add"), 2, "--json goes after pause"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, words: Any, code: int, said: str) -> None:
    """With what to do, and nothing on stdout."""
    with command_line(tmp_path) as run:
        is_refusal(run(*words), code, said)
