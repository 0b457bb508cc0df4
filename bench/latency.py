"""How long a job waits on an idle worker: from the call of `submit()` to the first line of its task.

The commit of the submission is within it. The task returns the clock that all processes of the machine
share, so that both ends are read where they are. Jobs come one every 20 to 50 ms, each when the one before
is over; "after silence" is six seconds later, when the worker looks less often.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from .child import in_child
from .host import create_app, folder, jobs, moment, running, wait_until
from .servers import worker
from .table import Measured, Row, percentile, show

SILENCE = 6.0
ROWS = (
    Row("latency.p50", "submit to start, idle worker, same process: p50", "ms", at_most=1.5),
    Row("latency.p99", "the same: p99", "ms", at_most=5),
    Row("latency.other_p50", "the same, submitted in another process: p50", "ms", at_most=15),
    Row("latency.other_p99", "the same: p99", "ms", at_most=50),
    Row("latency.other_first", "the same, first one after silence", "ms", at_most=300),
)


def measure(quick: bool) -> Iterator[Measured]:
    """In one process, then in two."""
    count, silences = (200, 1) if quick else (1_000, 4)
    times = in_child(here, count=count)
    near = [start - called for called, _, start in times]
    after = percentile([start - returned for _, returned, start in times], 50)
    yield Measured("latency.p50", percentile(near, 50), f"p50 from the return of submit(): {show(after)} ms")
    yield Measured("latency.p99", percentile(near, 99))
    far = [start - called for called, _, start in in_child(elsewhere, count=count // 2, silences=silences)]
    coming, silent = far[:-silences], far[-silences:]
    yield Measured("latency.other_p50", percentile(coming, 50))
    yield Measured("latency.other_p99", percentile(coming, 99))
    yield Measured("latency.other_first", max(silent), f"the worst of {silences}")


def here(count: int) -> list[list[float]]:
    """For each job when submit() was called, when it returned and when the task began, in milliseconds."""
    with folder() as place, running(create_app(place / "latency.db")):
        one()
        return [one() for _ in range(count)]


def elsewhere(count: int, silences: int) -> list[list[float]]:
    """The same, submitted here and run by `flask jobs worker` alone; the last ones after silence."""
    with folder() as place:
        app = create_app(place / "latency.db")
        with worker(place / "latency.db"), app.app_context():
            one()
            return [one() for _ in range(count)] + [one(SILENCE) for _ in range(silences)]


def one(silence: float | None = None) -> list[float]:
    """Submit a job after a while and wait until it is over, without a question while it is about to start."""
    time.sleep(random.uniform(0, 0.03) if silence is None else silence)
    called = time.monotonic_ns()
    job = moment.submit()
    returned = time.monotonic_ns()
    time.sleep(0.02)
    wait_until(lambda: jobs.get(job.id).finished_at)
    return [at / 1e6 for at in (called, returned, jobs.get(job.id).result)]
