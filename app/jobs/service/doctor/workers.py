"""Checks of the workers: whether what is submitted is run by somebody, and by each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from ...store import controls
from ...store.loads import loads
from ...values import Finding, Worker
from ..live_workers import all_overdue
from ..unserved import describe_unserved
from .database import MOST_SKEW
from .examined import Examined


def check(examined: Examined) -> Iterator[Finding]:
    """All of them; none but the last where jobs run in their caller."""
    found = examined.status.workers()
    if not examined.settings.in_caller:
        yield _alive(examined, found)
        yield from _doubled(found)
        yield from _clocks(examined, found)
        yield from _stuck(examined, found)
    yield from _unserved(examined)
    yield from _paused(examined)


def _alive(examined: Examined, found: Sequence[Worker]) -> Finding:
    since = examined.clock.now() - timedelta(seconds=examined.settings.rescue_after)
    silent = [worker for worker in found if worker.heartbeat_at <= since]
    live = examined.live.get()
    if not live:
        hint = "start one with `flask jobs worker`, or serve with JOBS_ROLE=all"
        return Finding.warning("workers", "no worker is alive: jobs are stored, and wait", hint)
    if silent:
        names = ", ".join(f"{worker.host}:{worker.pid}" for worker in silent)
        hint = "its jobs are rescued when another worker has watched it for JOBS_RESCUE_AFTER seconds"
        return Finding.warning("workers", f"without a heartbeat: {names}", hint)
    threads = sum(worker.threads for worker in live)
    return Finding.ok("workers", f"{len(live)} alive, with {threads} threads")


def _doubled(found: Sequence[Worker]) -> Iterator[Finding]:
    processes = Counter((worker.host, worker.pid) for worker in found if worker.state == "running")
    for (host, pid), count in processes.items():
        if count > 1:
            words = f"the process {pid} of {host} has {count} workers"
            hint = "one app needs one Simmer; a process must not be copied after its threads have started"
            yield Finding.warning("doubled workers", words, hint)


def _clocks(examined: Examined, found: Sequence[Worker]) -> Iterator[Finding]:
    now = examined.clock.now()
    for worker in found:
        if (ahead := worker.heartbeat_at - now) > MOST_SKEW:
            words = f"the clock of {worker.host} is {ahead.total_seconds():.1f} s ahead of this machine's"
            yield Finding.serious("clock", words, "set the clocks of all machines by NTP")


def _stuck(examined: Examined, found: Sequence[Worker]) -> Iterator[Finding]:
    if overdue := all_overdue(examined.live.get()):
        hint = "see what they do with `flask jobs workers --threads`; start more workers meanwhile"
        yield Finding.serious("threads", overdue, hint)
    for worker in found:
        if worker.stuck:
            words = f"{worker.stuck} threads of {worker.host}:{worker.pid} go on after their jobs were ended"
            hint = f"see where with `flask jobs workers --threads {worker.id}`, and restart it"
            yield Finding.warning("threads", words, hint)


def _unserved(examined: Examined) -> Iterator[Finding]:
    with examined.database.read() as conn:
        todo, set_now = loads(conn, examined.clock.now()), controls.read(conn)
    if (words := describe_unserved(examined.live.get(), todo, set_now)) is None:
        yield Finding.ok("queues and tasks", "somebody runs all that is due")
    else:
        hint = "start a worker that serves the queue (JOBS_QUEUES, --queues) and has the code of the task"
        yield Finding.serious("queues and tasks", words, hint)


def _paused(examined: Examined) -> Iterator[Finding]:
    for queue in examined.queues.all():
        if queue.paused and queue.queued:
            words = f"the queue {queue.name} is paused, and {queue.queued} jobs wait in it"
            hint = f"resume it with `flask jobs queues resume {queue.name}`"
            yield Finding.warning("queues and tasks", words, hint)
