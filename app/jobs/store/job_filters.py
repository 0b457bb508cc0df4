"""Filters of jobs: from words to conditions in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, literal_column, select

from ..database.supported import dialect_of
from ..database.tables import JOBS, TAGS
from ..ids import first_id_after, first_id_at
from ..states import STATES
from . import time_ranges
from .json_filters import JsonFilter, json_filters

_J = JOBS.c
TIMES: Final = tuple(
    f"{of}_{side}" for of in ("created", "started", "finished") for side in ("after", "before")
)
"""The filters by a moment, as words."""
WITH_PATHS: Final = ("args", "meta")
"""The filters by what stands at a path in JSON, as words."""


@dataclass(frozen=True, slots=True)
class JobFilters:
    """Which jobs: different fields are joined by and, the values of one field by or; empty means any."""

    states: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    schedule_ids: tuple[str, ...] = ()
    batch_ids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    json: tuple[JsonFilter, ...] = ()

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> JobFilters:
        """From the words of Python and HTTP: state, task, queue, tag, … each one or several.

        Raises TypeError for another word, ValueError for what is not a state or no path in JSON.
        """
        plural = {"state": "states", "task": "tasks", "queue": "queues", "tag": "tags",
                  "schedule_id": "schedule_ids", "batch_id": "batch_ids"}  # fmt: skip
        given: dict[str, Any] = {}
        for word, value in words.items():
            if word in plural:
                given[plural[word]] = (value,) if isinstance(value, str) else tuple(value)
            elif word in TIMES:
                given[word] = value
            elif word in WITH_PATHS:
                given["json"] = (*given.get("json", ()), *json_filters(word, value))
            else:
                known = (*plural, *TIMES, *WITH_PATHS)
                raise TypeError(f"{word} is not a filter: there are {', '.join(known)}")
        if unknown := [state for state in given.get("states", ()) if state not in STATES]:
            raise ValueError(f"{unknown[0]!r} is not a state: there are {', '.join(STATES)}")
        return cls(**given)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as SQL conditions on the jobs table."""
        columns = {
            _J.state: self.states, _J.task: self.tasks, _J.queue: self.queues,
            _J.schedule_id: self.schedule_ids, _J.batch_id: self.batch_ids, _J.id: self.ids,
        }  # fmt: skip
        found: list[ColumnElement[bool]] = [
            column.in_(values) for column, values in columns.items() if values
        ]
        if self.queues:  # the word by which the index of queues is taken
            found.append(_J.run >= literal_column("0"))
        if self.tags:
            found.append(_J.id.in_(select(TAGS.c.job_id).where(TAGS.c.tag.in_(self.tags))))
        # Ids are ordered by creation, so the primary key bounds the scan of a time range.
        if self.created_after:
            found += [_J.created_at > self.created_after, _J.id >= first_id_at(self.created_after)]
        if self.created_before:
            found += [_J.created_at < self.created_before, _J.id < first_id_after(self.created_before)]
        found += time_ranges.conditions(_J.started_at, self.started_after, self.started_before)
        return found + time_ranges.conditions(_J.finished_at, self.finished_after, self.finished_before)

    def json_conditions(self, conn: Connection) -> list[ColumnElement[bool]]:
        """What no index finds: to be asked of a bounded number of jobs."""
        return [each.condition(dialect_of(conn)) for each in self.json]

    def short_cut(self, conn: Connection) -> list[ColumnElement[bool]]:
        """A condition by which the database finds the jobs faster, where there is one."""
        return time_ranges.candidates(conn, self.started_after, self.finished_after, self.finished_before)
