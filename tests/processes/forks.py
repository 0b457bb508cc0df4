"""`python forks.py`: starts the threads itself, forks in both ways, and says what the children found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any, NoReturn

from host import create_app, jobs, look_round, never  # type: ignore[import-not-found]


def by_os_fork(end: Callable[[int], NoReturn]) -> dict[str, object]:
    """What the child of a bare `os.fork` finds, which then ends in this way."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, json.dumps(look_round()).encode())
        end(0)
    os.close(write)
    with os.fdopen(read) as answer:
        found: dict[str, object] = json.load(answer)
    found["code"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return found


def by_multiprocessing() -> dict[str, object]:
    """What a worker of a pool finds."""
    with get_context("fork").Pool(1) as pool:
        found: dict[str, object] = pool.apply(look_round)
        return found


def terminated() -> dict[str, object]:
    """How a child ends at SIGTERM."""
    child = get_context("fork").Process(target=never.wait)
    child.start()
    child.terminate()
    child.join()
    return {"code": child.exitcode}


def main() -> None:
    """Run jobs here while the children are made and end."""
    with create_app().app_context():
        jobs.start()
        running = [jobs.submit("nap", args={"seconds": 0.01}).id for _ in range(400)]
        for _ in range(30):  # so that some fork meets another thread in the middle of a transaction
            by_os_fork(os._exit)
        found: dict[str, Any] = {
            "fork": by_os_fork(sys.exit),
            "pool": by_multiprocessing(),
            "terminated": terminated(),
        }
        found["states"] = sorted({jobs.wait(job_id, 30).state for job_id in running})
        found["here"] = look_round()
        jobs.stop()
        found["after"] = look_round()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
