"""When a process forks: the child begins afresh, and runs no job unless a server forked it to serve."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from typing import Protocol

from . import signals
from .servers import Serving, find_forking


class Forkable(Protocol):
    """What must not be in the middle of something while the process forks."""

    def before_fork(self) -> None:
        """Come to rest: called in the thread that forks."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self, serving: Serving | None) -> None:
        """Begin afresh; start threads where a server forked the child to serve."""


_forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()


class _Forking(threading.local):
    """What this thread holds back while it forks."""

    forkables: tuple[Forkable, ...] = ()


_forking = _Forking()


def begin_afresh_in_children(forkable: Forkable) -> None:
    """Leave a child no thread, lock, connection or handler of the parent's; start threads in a server's."""
    _listen_for_forks()
    _forkables.add(forkable)


@functools.cache
def _listen_for_forks() -> None:
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _before() -> None:
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
    signals.reset_after_fork()
    serving = find_forking(sys._getframe().f_back)
    for forkable in list(_forkables):
        forkable.after_fork_in_child(serving)
    _forking.forkables = ()
    signals.unblock_signals()
