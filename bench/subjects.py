"""Every measurement by its name. Each is a module with the ROWS that it measures and `measure(quick)`."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from . import big_table, blocked, busy, csv_import, drain, http, idle, latency, schedules, startup, submit
from .peers import race
from .table import Row

OURS: Final[dict[str, ModuleType]] = {
    "drain": drain,
    "submit": submit,
    "latency": latency,
    "http": http,
    "blocked": blocked,
    "busy": busy,
    "idle": idle,
    "startup": startup,
    "schedules": schedules,
    "big_table": big_table,
    "csv_import": csv_import,
}
"""What `make bench` measures, in the order of the table."""
SUBJECTS: Final = {**OURS, "peers": race}
ROWS: Final[dict[str, Row]] = {row.name: row for module in SUBJECTS.values() for row in module.ROWS}
