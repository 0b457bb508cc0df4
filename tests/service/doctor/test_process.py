"""Checks of this process."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from app.jobs import Simmer

from ...conftest import AppFactory
from .examined import finding, findings


def module(name: str, **values: Any) -> ModuleType:
    """A module that is in the place of a server's or a library's."""
    made = ModuleType(name)
    vars(made).update(values)
    return made


def test_threads_that_are_none_are_serious(make_app: AppFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """gevent has replaced them; as long as it has not there is no finding."""
    app = make_app(Simmer())
    assert findings(app, "threads") == []
    for patched in (False, True):
        gevent = module("gevent.monkey", is_module_patched=lambda name, patched=patched: patched)
        monkeypatch.setitem(sys.modules, "gevent.monkey", gevent)
        assert len(findings(app, "threads")) == patched
    assert finding(app, "threads").level == "serious"


@pytest.mark.parametrize(
    ("options", "count"), [({}, 1), ({b"enable-threads": True}, 0), ({"threads": b"2"}, 0)]
)
def test_uwsgi_without_threads_is_serious(
    make_app: AppFactory, monkeypatch: pytest.MonkeyPatch, options: dict[Any, Any], count: int
) -> None:
    """Its options have names of bytes, or of text."""
    monkeypatch.setitem(sys.modules, "uwsgi", module("uwsgi", opt=options))
    assert len(findings(make_app(Simmer()), "threads")) == count


def test_problems_of_our_own_threads_are_serious(make_app: AppFactory) -> None:
    """As readiness says them: here a worker that is about to end."""
    app = make_app(Simmer())
    app.extensions["simmer"].drain(0, lambda: True)
    assert finding(app, "worker").what == "draining"
