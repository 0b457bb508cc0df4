"""A thread that calls a function: what it says of its own health."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.exc import ProgrammingError

from app.jobs.process.loop import Guard, Loop

from ..support import eventually


def raising(*errors: BaseException | None) -> Callable[[], float]:
    """A body that raises each of these in turn."""
    left = list(errors)

    def body() -> float:
        if (error := left.pop(0)) is not None:
            raise error
        return 0.0

    return body


def test_a_guard_says_what_fails_until_it_works() -> None:
    """In one line, without the SQL and the values that SQLAlchemy's errors carry."""
    driver = ValueError("no such relation\nLINE 1: SELECT secret")
    guard = Guard("duty", raising(ProgrammingError("SELECT secret", {"value": "secret"}, driver), None))
    said = []
    for _ in range(2):
        guard.call()
        said.append(guard.failing)
    assert said == ["ValueError: no such relation", None]


def test_an_exception_without_a_text_kills_no_thread() -> None:
    """A host's exception whose `__str__` raises is named by its type."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    guard = Guard("duty", raising(Mute()))
    guard.call()
    assert guard.failing == "Mute"


def test_a_loop_says_that_its_call_hangs() -> None:
    """While it takes longer than it may; a loop that waits for its next turn does not hang."""
    begun, go_on = threading.Event(), threading.Event()

    def body() -> float:
        begun.set()
        go_on.wait(10)
        return 60.0

    loop = Loop("dispatcher", body)
    assert loop.problem(0.01) == "the dispatcher does not run"
    loop.start()
    assert begun.wait(10)
    assert "hangs" in eventually(lambda: loop.problem(0.01))
    assert loop.problem(60) is None
    go_on.set()
    eventually(lambda: loop.problem(0.0) is None)
    assert loop.stop(5)
