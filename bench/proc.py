"""What Linux knows of a process: processor time, wake-ups and memory, read from /proc."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Use:
    """What a process used in some time: percent of one core, and wake-ups a second."""

    percent: float
    wakeups: float


def use_over(pid: int, seconds: float) -> Use:
    """Watch a process whose threads stay; a wake-up is a voluntary context switch of any of them."""
    cpu, switches, started = cpu_seconds(pid), _switches(pid), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - started
    return Use(100 * (cpu_seconds(pid) - cpu) / took, (_switches(pid) - switches) / took)


def cpu_seconds(pid: int) -> float:
    """Processor time of all its threads, to the nanosecond."""
    return sum(int(_read(task / "schedstat", "0").split()[0]) for task in _tasks(pid)) / 1e9


def rss_mb(pid: int) -> float:
    """Resident memory in MB."""
    return _field(Path(f"/proc/{pid}/status"), "VmRSS") / 1_024


def children(pid: int) -> list[int]:
    """The processes that its main thread has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _switches(pid: int) -> int:
    return sum(_field(task / "status", "voluntary_ctxt_switches") for task in _tasks(pid))


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _field(path: Path, name: str) -> int:
    for line in _read(path, "").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    return 0


def _read(path: Path, default: str) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return default
