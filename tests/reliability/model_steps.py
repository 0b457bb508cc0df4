"""The steps of the state machine, as often as it takes to reach everything, and what each of them draws."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.jobs import Cancel, Snooze

from .model_driver import QUEUES, TASKS, fail, sleep

ANY = st.integers(0, 99)
"""Which of the jobs, or of the runs, counted round and round."""
CONTROLS: list[tuple[str, str, str, Any]] = [
    *(("task", task, "paused", value) for task in ("free", "shared") for value in (True, None, None)),
    *(("task", "single", "concurrency", value) for value in (2, (1, "tenant"), None)),
    *(("task", "rated", "rate", value) for value in ("1/m", "4/m", None)),
    *(("task", "free", "concurrency", value) for value in (1, None)),
    *(("queue", "default", "concurrency", value) for value in (1, 3, None)),
    *(("queue", queue, "paused", value) for queue in QUEUES for value in (True, False, None)),
]  # fmt: skip
"""What operators set: kind, name, setting and value."""
OF_JOBS = ("cancel", "cancel_many", "retry", "edit", "delete")
"""The steps that need a job."""
_SUBMIT: dict[str, st.SearchStrategy[Any]] = {
    "task": st.sampled_from(["free", "single", "single", *TASKS]), "tenant": st.sampled_from("ab"),
    "queue": st.sampled_from(QUEUES), "delay": st.sampled_from([0, 0, 0, 20]),
    "priority": st.sampled_from([0, 0, -1, 1]), "max_attempts": st.sampled_from([1, 2, 2]),
    "expires_in": st.sampled_from([None, None, None, 40]), "unique": st.sampled_from([None, "k"]),
    "on_conflict": st.sampled_from(["return", "reject", "replace", "replace"]),
    "parents": st.one_of(st.just([]), st.just([]), st.lists(ANY, max_size=2)),
    "on_dependency": st.sampled_from(["cancel", "run"]),
}  # fmt: skip
_BEHAVIOURS = st.sampled_from([None, None, fail, fail, sleep, Snooze(15), Cancel("enough"), "released"])
_CLAIM = {"most": st.sampled_from([1, 2, 8, 8]), "is_ahead": st.booleans()}
_STEPS: list[tuple[int, str, dict[str, st.SearchStrategy[Any]]]] = [
    (6, "submit_several", {"jobs": st.lists(st.fixed_dictionaries(_SUBMIT), min_size=1, max_size=3)}),
    (3, "claim", _CLAIM),
    (5, "work", {**_CLAIM, "behaviours": st.lists(_BEHAVIOURS, min_size=1, max_size=3)}),
    (4, "crash", {**_CLAIM, "begins": st.booleans()}),
    (2, "end", {"which": ANY, "behaviour": _BEHAVIOURS}),
    (1, "begin", {"which": ANY}),
    (1, "rescue", {}),
    (1, "cancel", {"which": ANY}),
    (1, "cancel_many", {"which": st.lists(ANY, min_size=1, max_size=4)}),
    (3, "retry", {"which": ANY}),
    (1, "edit", {
        "which": ANY, "priority": st.integers(-1, 1), "queue": st.sampled_from(QUEUES),
        "delay": st.sampled_from([None, 0, 25]),
    }),
    (1, "delete", {"which": ANY}),
    (1, "expire", {}),
    (1, "prune", {}),
    (1, "set", {"given": st.sampled_from(CONTROLS)}),
    (3, "wait", {"seconds": st.sampled_from([5, 15, 30, 61])}),
]  # fmt: skip
# One strategy, not a rule for each: hypothesis switches rules off at random, and without those that submit
# and claim nothing happens at all. Several things in one step for the same reason: what needs three crashes
# of one job is not met by chance.
STEPS = st.one_of(
    *(
        st.tuples(st.just(name), st.fixed_dictionaries(words))
        for often, name, words in _STEPS
        for _ in range(often)
    )
)
