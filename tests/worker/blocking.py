"""Threads that are in a task which does not end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..reliability.manual_worker import ManualWorker


@contextmanager
def busy_threads(worker: ManualWorker, count: int) -> Iterator[None]:
    """So many jobs of the pool are in a task that does not end while the block runs."""
    begun, go_on = threading.Barrier(count + 1, timeout=10), threading.Event()
    definition = worker.jobs.registry.get("add")
    function = definition.function

    def stay() -> None:
        begun.wait()
        go_on.wait(10)

    object.__setattr__(definition, "function", stay)
    threads = [threading.Thread(target=worker.pool.run, args=(1,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    begun.wait()
    object.__setattr__(definition, "function", function)
    try:
        yield
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
