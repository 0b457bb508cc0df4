"""How long a failed job waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.jobs import fixed
from app.jobs.errors import TaskDefinitionError
from app.jobs.options import Backoff
from app.jobs.tasks.backoff import BASE, CAP, delay
from app.jobs.tasks.registry import TaskDefinition


@pytest.mark.parametrize(
    ("backoff", "seconds"), [(30, 30.0), (0.5, 0.5), (0, 0.0), (lambda attempt: attempt * 10, 30.0)]
)
def test_seconds_and_callables(backoff: Backoff, seconds: float) -> None:
    """A number is itself, and a callable is asked with the attempt that failed."""
    assert delay(backoff, 3) == seconds


@pytest.mark.parametrize(
    ("attempt", "ceiling"),
    [(0, 2), (1, 2), (2, 4), (3, 8), (11, 2048), (12, 3600), (100, 3600), (10**9, 3600)],
)
def test_exponential(attempt: int, ceiling: float) -> None:
    """The ceiling doubles from 2 s to an hour, and chance decides about its upper half alone."""
    assert delay("exponential", attempt, lambda: 0.0) == ceiling / 2
    assert delay("exponential", attempt, lambda: 0.5) == ceiling * 0.75
    assert delay("exponential", attempt, lambda: 1.0) == ceiling


@pytest.mark.parametrize(("attempt", "ceiling"), [(0, 2), (1, 2), (2, 4), (3, 6), (100, 200), (10**9, 3600)])
def test_linear(attempt: int, ceiling: float) -> None:
    """The ceiling grows by 2 s with each attempt, to an hour, and is spread as the exponential one is."""
    assert delay("linear", attempt, lambda: 0.0) == ceiling / 2
    assert delay("linear", attempt, lambda: 1.0) == ceiling


def test_fixed_is_the_number_itself() -> None:
    """Words for what a plain number says; a timedelta is its seconds."""
    made = [TaskDefinition("t", none, {"backoff": fixed(each)}) for each in (30, timedelta(minutes=1))]
    assert [delay(each.options["backoff"], attempt) for each in made for attempt in (1, 5)] == [
        30,
        30,
        60,
        60,
    ]


def test_exponential_is_spread_and_bounded() -> None:
    """With real chance the delays differ, are never 0 and never more than the cap."""
    delays = {delay("exponential", attempt) for attempt in range(1, 101)}
    assert len(delays) > 90
    assert min(delays) >= BASE / 2
    assert max(delays) <= CAP


@pytest.mark.parametrize("answer", [None, "5", True, -1, math.nan, math.inf, 1e10, [1], 1j])
def test_nonsense_of_a_callable(answer: Any) -> None:
    """A callable that returns no number of seconds is told so, with what it returned."""
    with pytest.raises(ValueError, match="after attempt 2: give seconds"):
        delay(lambda attempt: answer, 2)


def test_a_huge_integer_of_a_callable() -> None:
    """An integer that no float can hold is nonsense too."""
    with pytest.raises(ValueError, match="give seconds"):
        delay(lambda attempt: 10**400, 1)


def test_a_callable_may_raise() -> None:
    """Its exception is passed on as it is."""
    with pytest.raises(ZeroDivisionError):
        delay(lambda attempt: 1 / 0, 1)


def none() -> float:
    return 1.0


def two(attempt: int, more: int) -> float:
    return 1.0


class Policy:
    def __call__(self, attempt: int) -> float:
        return 1.0


@pytest.mark.parametrize(
    "backoff", [0, 5, 0.1, "exponential", "linear", lambda attempt: 1, Policy(), abs, max, (lambda *a: 1)]
)
def test_check_accepts(backoff: Any) -> None:
    """Numbers of seconds, the word, and whatever can be called with one argument."""
    assert TaskDefinition("add", none, {"backoff": backoff}).options["backoff"] is backoff


@pytest.mark.parametrize(
    "backoff", [-1, True, None, "constant", math.nan, math.inf, 1e12, [1, 2], none, two, "5"]
)
def test_check_refuses(backoff: float | str | Callable[..., Any] | None) -> None:
    """Everything else is refused at registration, saying what to give."""
    with pytest.raises(TaskDefinitionError, match="backoff must be seconds"):
        TaskDefinition("add", none, {"backoff": backoff})
