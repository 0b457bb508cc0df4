"""How the cost grows: `python -m bench.growth` measures it and draws docs/growth-*.svg.

With jobs in the table, with threads, with processes and with schedules; one thing is changed at a time.
`python -m bench.growth threads --quick --folder /tmp` measures one of them with small numbers.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from . import host, machine
from .big_table import PAGES, answer_ms
from .chart import Chart
from .child import ROOT, in_child
from .drain import drain, queue
from .history import store_finished
from .schedules import ours as cost_of_schedules
from .servers import HOST, serve, worker

DOCS: Final = ROOT / "docs"
TASKS: Final = {"that do nothing": "noop", "that wait 10 ms": "wait", "that compute 2 ms": "work"}
Charts = dict[str, Chart]
Points = list[tuple[float, float]]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and draw; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="Measure how the cost grows.")
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="small numbers")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where to draw")
    options = parser.parse_args(argv)
    if unknown := set(options.what) - set(MEASURES):
        parser.error(f"no growth with {', '.join(sorted(unknown))}: there are {', '.join(MEASURES)}")
    print(machine.in_words(machine.facts()), flush=True)
    for what in options.what or MEASURES:
        for name, chart in MEASURES[what](options.quick).items():
            path = options.folder / f"growth-{name}.svg"
            path.write_text(chart.svg(), encoding="utf-8")
            print(f"\n{chart.title}\n{chart.in_words()}\n{path}", flush=True)
    return 0


def with_jobs(quick: bool) -> Charts:
    """What finished jobs in the table cost those that come, and those who ask."""
    queued, sizes = (2_000, (0, 10_000)) if quick else (20_000, (0, 10_000, 100_000, 1_000_000))
    rates: Points = []
    pages: dict[str, Points] = {page.partition("/v1")[2]: [] for page in PAGES.values()}
    for size in sizes:
        with host.folder() as place:
            path = place / "jobs.db"
            if size:
                in_child(store_finished, path=str(path), count=size)
            rates.append((size, in_child(drain, path=str(path), count=queued)))
            with serve("gunicorn", HOST, path, FLASK_JOBS_ROLE="web") as server:
                for page, points in pages.items():
                    points.append((size, answer_ms(server.port, f"/api/v1{page}", 1.0)))
    across = "finished jobs in the table"
    return {
        "table": Chart("Jobs run a second by one process", across, {"": rates}),
        "pages": Chart("Milliseconds to an answer", across, pages),
    }


def with_threads(quick: bool) -> Charts:
    """What more threads in one process bring."""
    series: dict[str, Points] = {name: [] for name in TASKS}
    for threads in (1, 4) if quick else (1, 2, 4, 8, 16, 32):
        counts = (2_000 if quick else 10_000, 100 * threads, 200 if quick else 1_000)
        for (name, task), count in zip(TASKS.items(), counts, strict=True):
            with host.folder() as place:
                path = str(place / "threads.db")
                rate = in_child(drain, path=path, count=count, task=task, JOBS_THREADS=threads)
                series[name].append((threads, rate))
    return {"threads": Chart("Jobs run a second by one process", "threads (JOBS_THREADS)", series)}


def with_processes(quick: bool) -> Charts:
    """What more workers on the same database bring."""
    series: dict[str, Points] = {name: [] for name in TASKS}
    for processes in (1, 2) if quick else (1, 2, 3, 4):
        counts = (2_000, 400, 200) if quick else (20_000, 4_000, 2_000)
        for (name, task), count in zip(TASKS.items(), counts, strict=True):
            series[name].append((processes, rate_of_workers(processes, task, count)))
    across = "flask jobs worker processes, 8 threads each"
    return {"processes": Chart("Jobs run a second by several processes", across, series)}


def rate_of_workers(processes: int, task: str, count: int) -> float:
    """Jobs a second from the commit that queues all of them, with the workers waiting, to the last one."""
    with host.folder() as place, ExitStack() as workers:
        path = place / "processes.db"
        in_child(queue, path=str(path), count=0)
        for _ in range(processes):
            workers.enter_context(worker(path))
        with host.watching(path) as watch:
            host.wait_until(lambda: watch.workers() == processes, timeout=60)
            queued_at = in_child(queue, path=str(path), count=count, task=task)
            host.wait_until(watch.all_done)
            return float(count / (time.monotonic() - queued_at))


def with_schedules(quick: bool) -> Charts:
    """What schedules cost an otherwise idle worker."""
    seconds, counts = (5, (10, 500)) if quick else (20, (10, 3_000, 10_000))
    settled = 10.0 if quick else 70.0
    kinds = {"each once a minute, jobs run": (60, 10.0, settled), "none due": (86_400, 3_600.0, 10.0)}
    series = {
        name: [(float(count), cost_of_schedules(count, period, seconds, *when)[0]) for count in counts]
        for name, (period, *when) in kinds.items()
    }
    return {"schedules": Chart("Percent of one core", "schedules", series)}


MEASURES: Final[dict[str, Callable[[bool], Charts]]] = {
    "jobs": with_jobs,
    "threads": with_threads,
    "processes": with_processes,
    "schedules": with_schedules,
}

if __name__ == "__main__":
    sys.exit(main())
