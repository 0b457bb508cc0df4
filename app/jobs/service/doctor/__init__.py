"""Checks of a whole installation, each with its hint: `jobs.doctor()`, `flask jobs doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ...errors import DatabaseUnavailable
from ...process.logs import get_logger
from ...values import Finding
from . import database, process, schedules, settings, workers
from .examined import Examined

log = get_logger(__name__)
Check = Callable[[Examined], Iterator[Finding]]
ALONE: Final[tuple[Check, ...]] = (settings.check, process.check)
"""Checks that ask nobody."""
WITH_DATABASE: Final[tuple[Check, ...]] = (workers.check, schedules.check)


def examine(examined: Examined) -> list[Finding]:
    """What all checks find, those of the database first. Nothing is changed, and nothing is raised."""
    found = _run(database.check, examined)
    if not any(each.level == "serious" and each.check in database.NEEDED for each in found):
        found += [finding for check in WITH_DATABASE for finding in _run(check, examined)]
    return [*found, *(finding for check in ALONE for finding in _run(check, examined))]


def _run(check: Check, examined: Examined) -> list[Finding]:
    found = []
    try:
        for finding in check(examined):
            found.append(finding)
    except DatabaseUnavailable as error:
        found.append(database.unreachable(error))
    except Exception as error:  # rows that another program has written, or a bug
        log.exception("a check of doctor failed")
        name = check.__module__.rpartition(".")[2]
        found.append(Finding.serious(name, f"the check failed: {error!r}", "the log has the traceback"))
    return found
