"""Jobs that wait for others and have unique keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask

from app.jobs import InvalidArguments, Simmer

MakeApp = Callable[..., Flask]


class Here(NamedTuple):
    """A Simmer whose jobs run when they are told to, and its tasks: one job of `once` at a time."""

    jobs: Simmer
    add: Any
    once: Any


@pytest.fixture
def here(make_app: MakeApp) -> Iterator[Here]:
    """One in its app's context."""
    jobs = Simmer()
    add = jobs.task("add")(lambda: 1)
    once = jobs.task("once", unique=True)(lambda: 2)
    with make_app(jobs, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        yield Here(jobs, add, once)


def test_a_unique_job_is_no_part_of_a_chain_or_of_a_batch_that_others_wait_for(here: Here) -> None:
    """Another job may be it, which the rest would not wait for: its place is named, and nothing is stored."""
    with pytest.raises(InvalidArguments) as refused:
        here.jobs.chain(here.add.s(), here.once.s(into=None)).submit()
    assert [error["pointer"] for error in refused.value.errors] == ["#/1"]
    with pytest.raises(InvalidArguments):
        here.jobs.batch([here.once.s()], on_done=here.add.s(into=None)).submit()
    assert here.jobs.list() == []


def test_a_unique_job_waits_for_others(here: Here) -> None:
    """While it does it has its key, and a second submission finds it; it runs once, and frees the key."""
    parent = here.add.submit()
    first = here.once.options(depends_on=[parent]).submit()
    assert first.state == "waiting"
    assert here.once.options(depends_on=[here.add.submit()]).submit().id == first.id
    here.jobs.testing.drain()
    assert here.jobs.get(first.id).state == "succeeded"
    assert here.once.submit().id != first.id


def test_what_waits_for_others_is_not_replaced(here: Here) -> None:
    """A submission that might do so is refused; without something to wait for it is another job."""
    waiting = here.once.options(depends_on=[here.add.submit()]).submit()
    with pytest.raises(InvalidArguments) as refused:
        here.once.options(on_conflict="replace", depends_on=[here.add.submit()]).submit()
    assert [error["pointer"] for error in refused.value.errors] == ["#/depends_on"]
    assert here.once.options(on_conflict="replace").submit().id != waiting.id


def test_a_job_is_restored_with_its_key_or_not_at_all(here: Here) -> None:
    """When the parent is retried for which it was cancelled, and another job has its key by then."""
    parents = [here.add.options(delay=60).submit() for _ in range(2)]
    taken, free = (
        here.once.options(depends_on=[parent], unique_key=f"of {parent.id}").submit() for parent in parents
    )
    for parent in parents:
        here.jobs.cancel(parent.id)
    other = here.once.options(unique_key=f"of {parents[0].id}").submit()
    for parent in parents:
        here.jobs.retry(parent.id)
    assert [here.jobs.get(job.id).state for job in (taken, free)] == ["cancelled", "waiting"]
    assert here.once.options(unique_key=f"of {parents[1].id}").submit().id == free.id
    assert other.id not in (taken.id, free.id)
