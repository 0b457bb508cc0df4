"""A task stands for its function, and keeps what is its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.jobs import Simmer


@pytest.mark.parametrize("name", ["submit", "options", "definition", "name", "_submitter", "_options"])
def test_attributes_of_the_function_do_not_replace_those_of_the_task(
    make_app: Callable[..., Flask], name: str
) -> None:
    """Whatever the names of the function's attributes, its task is submitted, with options and without."""
    jobs = Simmer()

    def work(x: int = 1) -> int:
        return x

    setattr(work, name, "theirs")
    task = jobs.task(work)
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        assert task.options(priority=1).submit(x=1).task == "work"
        assert task.submit(x=1).task == "work"


def test_other_attributes_of_the_function_are_found_on_the_task() -> None:
    """What other decorators have left on the function stays visible, its name and docstring too."""

    def work() -> None:
        """Work."""

    work.label = "a"  # type: ignore[attr-defined]
    task = Simmer().task(work)
    assert (vars(task)["label"], vars(task)["__name__"], task.__doc__) == ("a", "work", "Work.")
    assert vars(task)["__wrapped__"] is work
