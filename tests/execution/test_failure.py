"""Exceptions described, whatever they do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from app.jobs.execution.failure import describe_exception
from app.jobs.run import Failure
from app.jobs.serialization.text import LIMIT, is_storable


def caught(exc: BaseException) -> Failure:
    try:
        raise exc
    except BaseException as error:
        return describe_exception(error)


def test_describes_an_ordinary_exception() -> None:
    """The type's name, the message, and a traceback with frame, cause and notes."""
    error = ValueError("bad month")
    error.__cause__ = KeyError("month")
    error.add_note("see the manual")
    failure = caught(error)
    assert (failure.type, failure.message) == ("ValueError", "bad month")
    assert "KeyError: 'month'" in failure.traceback
    assert "in caught" in failure.traceback
    assert failure.traceback.endswith("ValueError: bad month\nsee the manual\n")


def raising(error: type[BaseException]) -> Callable[..., NoReturn]:
    def raises(*args: Any) -> NoReturn:
        raise error

    return raises


def hostile(kind: type = type, **members: Any) -> BaseException:
    made: BaseException = kind("Hostile", (Exception,), members)("m")
    return made


def nameless() -> BaseException:
    members = {
        "__name__": property(raising(KeyboardInterrupt)),
        "__getattribute__": raising(KeyboardInterrupt),
    }
    return hostile(type("NamelessType", (type,), members))


HOSTILE: dict[str, tuple[Callable[[], BaseException], str, str]] = {
    "str": (
        lambda: hostile(__str__=raising(SystemExit), __repr__=raising(SystemExit)),
        "Hostile",
        "[unreadable]",
    ),
    "str is no text": (lambda: hostile(__str__=lambda self: 5), "Hostile", "[unreadable]"),
    "class": (lambda: hostile(__class__=property(raising(KeyboardInterrupt))), "Hostile", "m"),
    "attributes": (lambda: hostile(__getattribute__=raising(MemoryError)), "Hostile", "m"),
    "notes": (lambda: hostile(__notes__=property(raising(KeyboardInterrupt))), "Hostile", "m"),
    "metaclass": (nameless, "Hostile", "m"),
    "base": (lambda: BaseException("m"), "BaseException", "m"),
    "exit": (lambda: SystemExit(3), "SystemExit", "3"),
    "group": (lambda: ExceptionGroup("g", [ValueError("x")]), "ExceptionGroup", "g (1 sub-exception)"),
    "syntax": (lambda: SyntaxError("m", ("\0", -1, -1, "\ud800")), "SyntaxError", "m (\ufffd, line -1)"),
    "unstorable": (lambda: ValueError("a\0\ud800"), "ValueError", "a\ufffd\ufffd"),
    "empty": (ValueError, "ValueError", ""),
}


@pytest.mark.parametrize("way", HOSTILE)
def test_survives_hostile_exceptions(way: str) -> None:
    """Whatever an exception raises when it is looked at, its type, message and frames are kept."""
    make, name, message = HOSTILE[way]
    failure = caught(make())
    assert (failure.type, failure.message) == (name, message)
    assert "in caught" in failure.traceback
    assert is_storable(failure.traceback)


def test_survives_a_cycle_of_causes() -> None:
    """An exception that is its own cause's cause is described once."""
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    failure = caught(first)
    assert failure.traceback.count("ValueError: first") == 1


def test_huge_messages_are_cut_quickly() -> None:
    """Ten megabytes of message cost well under a second and end as 64 KiB."""
    started = time.perf_counter()
    failure = caught(ValueError("ü" * 5_000_000))
    assert time.perf_counter() - started < 2
    assert len(failure.message.encode()) <= LIMIT
    assert len(failure.traceback.encode()) <= LIMIT
    assert failure.traceback.startswith("Traceback")


def test_huge_notes_are_cut_quickly() -> None:
    """Ten megabytes of notes, on the exception and on its cause, cost as little."""
    error, cause = ValueError("m"), ValueError("c")
    error.__cause__ = cause
    error.add_note("y\n" * 5_000_000)
    cause.__notes__ = ["z"] * 5_000_000
    started = time.perf_counter()
    failure = caught(error)
    assert time.perf_counter() - started < 2
    assert "ValueError: c\nz\n" in failure.traceback


def test_long_tracebacks_keep_both_ends() -> None:
    """Of a traceback that is too long its beginning and its last words stay."""
    deepest: BaseException | None = None
    for index in range(700):
        error = ValueError(f"number {index} {'x' * 200}")
        error.__cause__ = deepest
        deepest = error
    assert deepest is not None
    failure = caught(deepest)
    assert len(failure.traceback.encode()) <= LIMIT
    assert failure.traceback.startswith("ValueError: number 0 ")
    assert "ValueError: number 699 " in failure.traceback
    assert "[cut]" in failure.traceback


def test_recursion_is_described() -> None:
    """A RecursionError's thousand equal frames end as a short text."""

    def down() -> None:
        down()

    try:
        down()
    except RecursionError as exc:
        failure = describe_exception(exc)
    assert failure.type == "RecursionError"
    assert "more times" in failure.traceback
