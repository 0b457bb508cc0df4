"""What operators set for queues and tasks while they run: pauses and limits, kept in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..checks import Rule, whole
from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..errors import InvalidArguments, pointer, problem
from ..options.limits import CONCURRENCY_RULE, MOST, RATE_RULE
from ..store import controls, limits, parking
from ..store.controls import CONCURRENCY, PAUSED, QUEUE, RATE, TASK
from ..tasks.limits import Limits, keys_of, subject_of
from ..tasks.registry import Registry
from .cached_read import CachedRead
from .threads import LocalThreads

MAX_AGE: Final = 1.0
"""Seconds for which what was read is used to say why jobs wait; claims ask anew."""
_PAUSED: Final = Rule(bool, "true or false", lambda value: isinstance(value, bool))
RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    QUEUE: {PAUSED: _PAUSED, CONCURRENCY: whole(1, MOST)},
    TASK: {PAUSED: _PAUSED, CONCURRENCY: CONCURRENCY_RULE, RATE: RATE_RULE},
}
"""What can be set of a queue and of a task; None: as the code says."""


class RuntimeControls:
    """Reads what is set, at most once in `max_age` seconds, and changes it."""

    def __init__(
        self, *, database: Database, registry: Registry, clock: Clock, threads: LocalThreads, max_age: float
    ) -> None:
        self._database, self._registry = database, registry
        self._clock, self._threads = clock, threads
        self._read = CachedRead(database, clock, max_age, controls.read)

    def get(self) -> Limits:
        """What holds by the code and by what was set, read a moment ago. Raises DatabaseUnavailable."""
        return Limits(self._registry.tasks, self._read.get())

    @retry_conflicts
    def change(self, kind: str, name: str, settings: Mapping[str, Any], by: str | None) -> None:
        """Set some of RULES, in the name of `by`: it holds for every claim that begins after this returns.

        Raises InvalidArguments with pointers such as #/rate.
        """
        self._check(kind, name, settings)
        if settings:
            now = self._clock.now()
            with self._database.write() as conn:
                controls.change(conn, kind, name, settings, by, now)
                holds = Limits(self._registry.tasks, controls.read(conn))
                limits.recount(conn, kind, name, holds.counted)
                parking.reconsider(conn, subject_of(kind, name), keys_of(kind, name), now)
        self._read.forget()
        self._threads.limits_changed()

    def _check(self, kind: str, name: str, settings: Mapping[str, Any]) -> None:
        found = []
        for setting, value in settings.items():
            if value is None:
                continue
            words = [f"must be {RULES[kind][setting].words}"] if not RULES[kind][setting].fits(value) else []
            if not words and kind == TASK:
                complaint = self._registry.get(name).complaint_about(value)
                words = [] if complaint is None else [complaint]
            found += [problem(pointer("#", setting), each) for each in words]
        if found:
            raise InvalidArguments(found)
