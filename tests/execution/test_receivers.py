"""Receivers of signals: where they are called, and what one of them can spoil."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from blinker import NamedSignal
from flask import Flask, current_app, g, has_request_context

from app.jobs import Simmer
from app.jobs.execution.receivers import Receivers

MakeApp = Callable[..., Flask]


def test_each_is_called_in_a_fresh_context(make_app: MakeApp) -> None:
    """Without the request and the g of the caller, or those of another receiver."""
    app, signal, seen = make_app(Simmer(), JOBS_ENGINE="manual"), NamedSignal("s"), list[Any]()

    def receiver(sender: Flask, job: int) -> None:
        seen.append((sender is app, current_app == app, has_request_context(), "mark" in g, job))
        g.mark = True

    def another(sender: Flask, job: int) -> None:
        receiver(sender, job)

    signal.connect(receiver)
    signal.connect(another, sender=app)
    with app.test_request_context():
        g.mark = True
        Receivers(app).send(signal, job=7)
    assert seen == [(True, True, False, False, 7)] * 2


def test_only_receivers_of_the_app_count(make_app: MakeApp) -> None:
    """One that is connected to another app is none."""
    app, other, signal = make_app(Simmer()), make_app(Simmer()), NamedSignal("s")
    seen: list[Any] = []

    def receiver(sender: Flask, **values: Any) -> None:
        seen.append(sender)

    assert not Receivers(app).are_there(signal)
    signal.connect(receiver, sender=other)
    assert not Receivers(app).are_there(signal)
    assert Receivers(other).are_there(signal)
    Receivers(app).send(signal)
    assert seen == []


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_one_that_raises_is_logged_once(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """The others are called all the same, and the caller notices nothing; a teardown may raise, too."""
    app, signal, calls = make_app(Simmer()), NamedSignal("s"), list[str]()
    receivers = Receivers(app)

    def broken(sender: Flask, **values: Any) -> None:
        calls.append("broken")
        raise error("no")

    def sound(sender: Flask, **values: Any) -> None:
        calls.append("sound")

    signal.connect(broken)
    signal.connect(sound)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            receivers.send(signal)
    assert (calls.count("broken"), calls.count("sound")) == (3, 3)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "a receiver of s raised" in line
    assert "broken" in line
