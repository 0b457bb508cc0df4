"""Checks of a whole installation, each with its hint: `jobs.doctor()`, `flask jobs doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ...errors import DatabaseUnavailable
from ...values import Finding
from . import database, process, schedules, settings, workers
from .examined import Examined

ALONE: Final[tuple[Callable[[Examined], Iterator[Finding]], ...]] = (settings.check, process.check)
"""Checks that ask nobody."""
WITH_DATABASE: Final[tuple[Callable[[Examined], Iterator[Finding]], ...]] = (workers.check, schedules.check)


def examine(examined: Examined) -> list[Finding]:
    """What all checks find, those of the database first. Nothing is changed, and nothing is raised."""
    found = list(database.check(examined))
    if not any(each.level == "serious" and each.check in database.NEEDED for each in found):
        for check in WITH_DATABASE:
            try:
                found += check(examined)
            except DatabaseUnavailable as error:
                found.append(database.unreachable(error))
    return [*found, *(finding for check in ALONE for finding in check(examined))]
