"""Where threads are, as the lines of a traceback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.jobs.process.stacks import MAX_FRAMES, stacks


@contextmanager
def a_thread(depth: int = 0) -> Iterator[int]:
    """A thread that waits below `depth` calls; its id."""
    begun, go_on = threading.Event(), threading.Event()

    def wait_below(depth: int, secret: str) -> None:
        if depth:
            other_step(depth, secret)
        begun.set()
        go_on.wait(10)

    def other_step(depth: int, secret: str) -> None:
        wait_below(depth - 1, secret)

    thread = threading.Thread(target=wait_below, args=(depth, "opensesame"))
    thread.start()
    assert begun.wait(10)
    assert thread.ident is not None
    try:
        yield thread.ident
    finally:
        go_on.set()
        thread.join(10)


def test_a_stack_has_code_and_no_values() -> None:
    """Files, functions and lines of the source, the innermost call last; no value of a variable."""
    with a_thread() as thread:
        (lines,) = stacks([thread]).values()
    assert any(line.endswith("in wait_below") and __file__ in line for line in lines)
    assert lines.index("    go_on.wait(10)") > lines.index("    self.run()")
    assert not any("opensesame" in line or "\n" in line for line in lines)


def test_of_a_deep_stack_the_innermost_calls_are_shown() -> None:
    """A thread far down a recursion fills no page."""
    with a_thread(depth=MAX_FRAMES) as thread:
        (lines,) = stacks([thread]).values()
    assert sum(line.startswith("  File ") for line in lines) == MAX_FRAMES
    assert "    go_on.wait(10)" in lines
    assert "    self.run()" not in lines


def test_a_thread_that_has_ended_has_none() -> None:
    """It is left out."""
    with a_thread() as thread:
        pass
    assert stacks([thread]) == {}
