"""When a process forks: the child begins afresh, and runs no job unless a server forked it to serve."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref

from ..database.database import Database
from ..runtime import Runtime
from . import signals as process
from .servers import find_forking

_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()


class _Forking(threading.local):
    """What this thread holds back while it forks."""

    databases: tuple[Database, ...] = ()


_forking = _Forking()


def begin_afresh_in_children(runtime: Runtime) -> None:
    """Leave a child no thread, lock, connection or handler of the parent's; start threads in a server's."""
    _listen_for_forks()
    _runtimes.add(runtime)


@functools.cache
def _listen_for_forks() -> None:
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _before() -> None:
    process.hold_signals()
    _forking.databases = tuple(runtime.database for runtime in list(_runtimes))
    for database in _forking.databases:
        database.gate.close()


def _in_parent() -> None:
    for database in _forking.databases:
        database.gate.open()
    _forking.databases = ()
    process.release_signals()


def _in_child() -> None:
    process.forget_after_fork()
    serving = find_forking(sys._getframe().f_back)
    for runtime in list(_runtimes):
        runtime.renew_after_fork()
        if serving is not None and runtime.settings.autostart:
            runtime.start(serving)
    _forking.databases = ()
    process.release_signals()
