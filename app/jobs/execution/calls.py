"""Calls of functions of the host's, which may fork."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from ..process.signals import exit_child


def call_in_this_process(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """What `function` returns. A child that it forked, and that comes back here, ends instead.

    Otherwise the child would go on in our pool's thread, with the parent's sockets and connections.
    """
    pid = os.getpid()
    try:
        return function(*args, **kwargs)
    finally:
        if os.getpid() != pid:
            exit_child(sys.exc_info()[1])
