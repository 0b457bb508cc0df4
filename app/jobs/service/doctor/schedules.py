"""Checks of the schedules: whether somebody fires them, and whether they are late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ...values import Finding, Schedule
from .examined import Examined

CHECK: Final = "schedules"
MOST_NAMED: Final = 5


def check(examined: Examined) -> Iterator[Finding]:
    """All of them."""
    found = [schedule for schedule in examined.schedules.all() if not schedule.paused]
    complaints = [*_overdue(found), *_unknown(examined, found), *_fired_by_nobody(examined, found)]
    yield from complaints or [Finding.ok(CHECK, f"{len(found)} active, none overdue")]


def _overdue(found: Sequence[Schedule]) -> Iterator[Finding]:
    if late := [schedule.id for schedule in found if schedule.overdue]:
        hint = f"see why with `flask jobs schedules history {late[0]}`"
        yield Finding.serious(CHECK, f"overdue: {_named(late)}", hint)


def _unknown(examined: Examined, found: Sequence[Schedule]) -> Iterator[Finding]:
    if lost := [schedule.id for schedule in found if schedule.task not in examined.registry.tasks]:
        hint = f"register their tasks, or remove them with `flask jobs schedules remove {lost[0]}`"
        yield Finding.warning(CHECK, f"of tasks that this app does not have: {_named(lost)}", hint)


def _fired_by_nobody(examined: Examined, found: Sequence[Schedule]) -> Iterator[Finding]:
    if not examined.settings.schedules:
        hint = "leave it on in one of the processes that run jobs"
        yield Finding.warning(CHECK, "JOBS_SCHEDULES is off: this process fires none", hint)
    if not found or examined.settings.in_caller:
        return
    running = [worker for worker in examined.status.workers() if worker.state == "running"]
    if running and not any(worker.leader for worker in running):
        hint = "a worker takes over within seconds; one with JOBS_SCHEDULES=False does not"
        yield Finding.warning(CHECK, "whoever fired schedules last has gone, and nobody has taken over", hint)


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return f"{', '.join(ids[:MOST_NAMED])}{more}"
