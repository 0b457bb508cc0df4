"""A host that does not answer is left alone for a while."""

from __future__ import annotations

import pytest

from app.jobs.clock import ManualClock
from app.jobs.webhooks import breaker
from app.jobs.webhooks.breaker import Breaker
from app.jobs.webhooks.client import DeliveryFailed


def is_called(made: Breaker, host: str = "a") -> bool:
    """Whether it would be called."""
    try:
        made.check(host)
    except DeliveryFailed:
        return False
    return True


def test_only_who_did_not_answer_is_left_alone() -> None:
    """For the length of the pause; the others are called as before."""
    clock = ManualClock()
    made = Breaker(clock.monotonic)
    assert is_called(made)
    made.record("a", answered=False)
    assert (is_called(made), is_called(made, "b")) == (False, True)
    clock.advance(breaker.PAUSE - 0.1)
    assert not is_called(made)
    clock.advance(0.1)
    assert is_called(made)


def test_one_call_at_a_time_tries_again() -> None:
    """When it is answered all are called, when not the pause begins anew."""
    clock = ManualClock()
    made = Breaker(clock.monotonic)
    made.record("a", answered=False)
    clock.advance(breaker.PAUSE)
    assert [is_called(made) for _ in range(3)] == [True, False, False]
    made.record("a", answered=False)
    clock.advance(breaker.PAUSE)
    assert [is_called(made) for _ in range(3)] == [True, False, False]
    made.record("a", answered=True)
    assert [is_called(made) for _ in range(3)] == [True, True, True]


def test_it_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many hosts fail, those that failed last are known."""
    monkeypatch.setattr(breaker, "MOST_HOSTS", 3)
    made = Breaker(ManualClock().monotonic)
    for host in "abcdef":
        made.record(host, answered=False)
    assert [host for host in "abcdef" if not is_called(made, host)] == ["d", "e", "f"]
