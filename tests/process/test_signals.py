"""Handlers are installed where nobody else has one, whichever thread starts the jobs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from app.jobs.process import signals

from ..support import eventually

BY_C = """
import ctypes, signal, sys
libc = ctypes.CDLL(None)
handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: None)
libc.signal(signal.SIGTERM, handler)
from app.jobs.process import signals
signals.install_handlers()
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.fixture(autouse=True)
def a_supervisor() -> Iterator[None]:
    """Somebody drains at a signal, for the time of the test."""
    me = object()
    signals.stop_request.supervisors.add(me)
    yield
    signals.stop_request.supervisors.discard(me)
    signals.restore_handlers()


def is_default() -> bool:
    """Whether nobody handles SIGTERM."""
    return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_main_thread_is_asked_by_the_thread_of_a_first_request() -> None:
    """A server that handles requests in threads of its own is drained too."""
    assert is_default()
    thread = threading.Thread(target=signals.install_handlers)
    thread.start()
    thread.join()
    eventually(lambda: not is_default())


def test_a_handler_of_the_hosts_stays() -> None:
    """Also where another thread asks for ours."""

    def theirs(number: int, frame: object) -> None:
        pass

    signal.signal(signal.SIGTERM, theirs)
    try:
        thread = threading.Thread(target=signals.install_handlers)
        thread.start()
        thread.join()
        signals.install_handlers()
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_uwsgi_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its handler of SIGINT in C is another one than Python believes."""
    monkeypatch.setitem(sys.modules, "uwsgi", ModuleType("uwsgi"))
    signals.install_handlers()
    assert is_default()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what C handles")
def test_a_handler_in_c_stays() -> None:
    """Python takes uWSGI's for the default."""
    done = subprocess.run([sys.executable, "-c", BY_C], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
