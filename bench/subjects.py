"""Every measurement by its name. Each is a module with the ROWS that it measures and `measure(quick)`."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from . import big_table, busy, csv_import, drain, http, idle, latency, schedules, startup, submit
from .table import Row

SUBJECTS: Final[dict[str, ModuleType]] = {
    module.__name__.rpartition(".")[2]: module
    for module in (drain, submit, latency, http, busy, idle, startup, schedules, big_table, csv_import)
}
ROWS: Final[dict[str, Row]] = {row.name: row for module in SUBJECTS.values() for row in module.ROWS}
