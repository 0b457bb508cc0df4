"""What a server or a library has made of the threads of this process."""

from __future__ import annotations

import sys
from typing import Any


def patched_by() -> str | None:
    """The library that has put its own in the place of threads; None where they are real."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None


def lacks_threads() -> bool:
    """Whether uWSGI serves here and lets no thread of the application run."""
    uwsgi: Any = sys.modules.get("uwsgi")
    options = getattr(uwsgi, "opt", {})
    return uwsgi is not None and not ({"enable-threads", "threads"} & {_text(name) for name in options})


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
