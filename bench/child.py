"""Runs a function in a fresh process, so that no measurement inherits another's memory, threads or caches."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of ours that happen to be in it.

    Compiled modules are kept, as any service keeps them: else each start would compile them anew.
    """
    unwanted = ("FLASK_", "JOBS_", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | more


def in_child(function: Callable[..., Any], timeout: float = 600, **arguments: Any) -> Any:
    """What `function(**arguments)` returns there; both pass through JSON. Raises RuntimeError if it fails."""
    with start_child(function, **arguments) as process:
        return answer_of(process, timeout)


def start_child(function: Callable[..., Any], **arguments: Any) -> subprocess.Popen[str]:
    """Start `function(**arguments)` in a process of its own and go on; see `answer_of`."""
    place = f"{function.__module__}:{function.__name__}"
    command = [sys.executable, "-m", "bench.child", place, json.dumps(arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)


def answer_of(process: subprocess.Popen[str], timeout: float = 600) -> Any:
    """Wait for the child and return what its function returned."""
    try:
        output, _ = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def main(place: str, arguments: str) -> None:
    """Run in the child."""
    module, _, name = place.partition(":")
    print(json.dumps(getattr(importlib.import_module(module), name)(**json.loads(arguments))))


if __name__ == "__main__":
    main(*sys.argv[1:])
