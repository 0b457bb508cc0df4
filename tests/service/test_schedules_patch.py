"""A patch looks and writes in one transaction: what others do meanwhile comes after it, whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Simmer
from app.jobs.errors import ScheduleNotFound
from app.jobs.store import schedules

LATE: Final = 0.3
"""Seconds for the other change, which takes a few milliseconds where nothing holds it up."""


@pytest.fixture
def jobs(make_app: Callable[..., Flask], url: URL) -> Iterator[Simmer]:
    """A Simmer with the schedule `ten`, in the context of its app, once for each kind of database."""
    made = Simmer()
    made.task("echo")(lambda value=None: value)
    with make_app(made, url=url, JOBS_ENGINE="manual").app_context():
        made.add_schedule(id="ten", task="echo", trigger="interval", seconds=10)
        yield made


def patch_while(jobs: Simmer, other: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Patch `jitter`; another thread calls `other` between the look at the schedule and the writing."""
    look, thread = schedules.get, threading.Thread(target=other)

    def look_and_be_late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        found = look(*args, **kwargs)
        thread.start()
        thread.join(LATE)
        return found

    monkeypatch.setattr(schedules, "get", look_and_be_late)
    jobs.runtime.schedules.patch("ten", {"jitter": 5.0})
    thread.join()


def test_a_patch_leaves_alone_what_it_does_not_name(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause that comes between its look and its writing stays."""
    service = jobs.runtime.schedules
    patch_while(jobs, lambda: service.pause("ten"), monkeypatch)
    shown = jobs.get_schedule("ten")
    assert (shown.jitter, shown.paused) == (5.0, True)


def test_two_patches_at_a_time_are_both_kept(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither writes what it has read before the other one wrote."""
    service = jobs.runtime.schedules
    patch_while(jobs, lambda: service.patch("ten", {"args": {"value": 7}}), monkeypatch)
    shown = jobs.get_schedule("ten")
    assert (shown.jitter, shown.args) == (5.0, {"value": 7})


def test_a_removed_schedule_is_not_made_again(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is removed while it is patched is gone."""
    service = jobs.runtime.schedules
    with suppress(ScheduleNotFound):  # where it is gone before the patch can be answered
        patch_while(jobs, lambda: service.remove("ten"), monkeypatch)
    with pytest.raises(ScheduleNotFound):
        jobs.get_schedule("ten")


def test_changes_are_made_of_the_schedule_as_it_is_stored(jobs: Simmer) -> None:
    """A function gets it and returns the changes; what it raises changes nothing."""
    service = jobs.runtime.schedules
    service.patch("ten", {"args": {"value": 7}, "jitter": 1.0})
    service.patch("ten", lambda stored: {"args": {"value": stored.args["value"] + 1}})
    with pytest.raises(KeyError):
        service.patch("ten", lambda stored: {"args": stored.args["nothing"]})
    shown = jobs.get_schedule("ten")
    assert (shown.jitter, shown.args) == (1.0, {"value": 8})
