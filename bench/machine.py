"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .table import middle


def facts() -> dict[str, Any]:
    """Processor, versions and the cost of an fsync, now."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "fsync_ms": round(1_000 * fsync_seconds(), 3),
        "load": os.getloadavg()[0],
    }


def in_words(found: dict[str, Any]) -> str:
    """One line of it."""
    return (
        f"{found['cores']} cores ({found['processor']}), Python {found['python']}, SQLite {found['sqlite']}, "
        f"an fsync costs {found['fsync_ms']} ms, load {found['load']:.1f}"
    )


def fsync_seconds(times: int = 100) -> float:
    """The median cost of making 4 KiB durable where the databases of the measurements are."""
    taken = []
    with tempfile.NamedTemporaryFile(prefix="simmer-bench-") as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return middle(taken)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
