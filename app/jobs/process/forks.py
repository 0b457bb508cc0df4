"""Fork hooks: a child inherits no state of the parent's, and runs jobs only if a server forked it."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from typing import Protocol

from . import signals
from .servers import Serving, detect_forking_server


class Forkable(Protocol):
    """An object that must be at rest while the process forks."""

    def before_fork(self) -> None:
        """Come to rest; called in the thread that forks."""

    def after_fork_in_parent(self) -> None:
        """Continue."""

    def after_fork_in_child(self, serving: Serving | None) -> None:
        """Reset; start threads if a server forked the child to serve."""


# Weak: hooks cannot be unregistered, and a test suite makes an app for each test.
_forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()


class _Forking(threading.local):
    """The objects at rest while this thread forks; two threads may fork at a time."""

    # The same ones after as before: one that is made in between was never at rest.

    forkables: tuple[Forkable, ...] = ()


_forking = _Forking()


def register_forkable(forkable: Forkable) -> None:
    """Call the hooks of `forkable` at every fork of this process from now on."""
    _install_fork_hooks()
    _forkables.add(forkable)


@functools.cache
def _install_fork_hooks() -> None:
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _before() -> None:
    # First: a signal that the child gets before its handlers are reset would be lost.
    signals.block_signals()
    _forking.forkables = tuple(_forkables)
    for forkable in _forking.forkables:
        forkable.before_fork()


def _in_parent() -> None:
    for forkable in _forking.forkables:
        forkable.after_fork_in_parent()
    _forking.forkables = ()
    signals.unblock_signals()


def _in_child() -> None:
    # First: the parent may have been asked to stop, its child was not.
    signals.reset_after_fork()
    # f_back is the caller of os.fork: Python calls this hook in its frame.
    serving = detect_forking_server(sys._getframe().f_back)
    for forkable in list(_forkables):
        forkable.after_fork_in_child(serving)
    _forking.forkables = ()
    signals.unblock_signals()
