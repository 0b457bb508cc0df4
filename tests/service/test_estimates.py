"""Arithmetic of what goes on and of what waits."""

from __future__ import annotations

import pytest

from app.jobs.service.estimates import History, wait_for_room

HISTORY = History({"a": [1.0, 3.0, 8.0], "once": [2.0], "never": []})


@pytest.mark.parametrize(
    ("task", "elapsed", "left"),
    [
        ("a", 0.0, 3.0), ("a", 1.5, 4.0), ("a", 8.0, 0.0), ("a", 8.1, None), ("once", 0.5, 1.5),
        ("never", 0.0, None), ("unknown", 0.0, None),
    ],
)  # fmt: skip
def test_what_is_left_is_the_median_of_those_that_took_so_long(
    task: str, elapsed: float, left: float | None
) -> None:
    """Nothing is known of what has gone on for longer than all others."""
    assert HISTORY.left(task, elapsed) == left


def test_the_basis_names_the_runs_that_count() -> None:
    """How many there are, and how many of them took so long."""
    assert HISTORY.basis("a") == "median of the latest 3 runs of a"
    assert HISTORY.basis("once") == "median of the latest 1 run of once"
    assert HISTORY.basis("a", 2.0) == "median of 2 of the latest 3 runs of a, which took longer"


@pytest.mark.parametrize(
    ("busy", "idle", "line", "wait"),
    [
        ([], 1, [], 0.0),
        ([5.0], 1, [], 0.0),
        ([5.0, 2.0], 0, [], 2.0),
        ([5.0, 2.0], 0, [1.0], 3.0),
        ([5.0, 2.0], 0, [1.0, 9.0], 5.0),
        ([], 2, [4.0, 6.0, 1.0], 5.0),
        ([None], 0, [], None),
        ([None, 2.0], 0, [], 2.0),
        ([2.0], 0, [None], None),
        ([2.0], 1, [None], 2.0),
        ([], 0, [], None),
        ([], -3, [1.0], None),
        ([], 1_000_000_000, [1.0], 0.0),
    ],
)
def test_whoever_waits_takes_what_is_free_first(
    busy: list[float | None], idle: int, line: list[float | None], wait: float | None
) -> None:
    """After all before it have taken theirs; what is not known to end is not free again."""
    assert wait_for_room(busy, idle, line) == wait
