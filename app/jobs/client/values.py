"""The package's frozen values, read from the API's JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from ..job import Job
from ..values import Batch, LogLine, LogPage, Schedule

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SubmittedBatch:
    """A batch as it was stored: its id, and those of its jobs in the order of the request."""

    id: str
    job_ids: tuple[str, ...]


class Page(NamedTuple):
    """A page of a list of jobs; of one that is not whole something was left out as too large."""

    items: list[tuple[Job, bool]]
    next_cursor: str | None


def ids_of(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids, in their order."""
    return tuple(item["id"] for item in items)


def read_page(shown: Mapping[str, Any]) -> Page:
    """A page of `GET /jobs`."""
    return Page([(read_job(each), not each["truncated"]) for each in shown["items"]], shown["next_cursor"])


def read_log_page(shown: Mapping[str, Any]) -> LogPage:
    """A page of lines, but for whether it is the last one."""
    page = LogPage(read_value(LogLine, line) for line in shown["items"])
    page.next_cursor = shown["next_cursor"]
    return page


def read_job(shown: Mapping[str, Any]) -> Job:
    """A job."""
    return read_value(Job, shown)


def read_batch(shown: Mapping[str, Any]) -> Batch:
    """A batch."""
    return read_value(Batch, shown)


def read_schedule(shown: Mapping[str, Any]) -> Schedule:
    """A schedule."""
    return read_value(Schedule, shown)


def read_value(kind: type[T], shown: Mapping[str, Any]) -> T:
    """A frozen value of the package from its JSON: what it does not know is left out.

    Raises TypeError, ValueError, KeyError or AttributeError for something else.
    """
    hints = _hints(kind)  # type: ignore[arg-type]
    known = [field.name for field in fields(kind) if field.name in shown]  # type: ignore[arg-type]
    return kind(**{name: _read(hints[name], shown[name]) for name in known})


_hints = functools.cache(get_type_hints)


def _read(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    kinds = [each for each in (hint, *get_args(hint)) if each is not type(None)]
    if datetime in kinds:
        return datetime.fromisoformat(value)
    if any((get_origin(each) or each) is tuple for each in kinds):
        return tuple(value)
    if isinstance(hint, type) and is_dataclass(hint):
        return read_value(hint, value)
    return value
