"""Filters by what stands in the JSON of jobs: in their arguments, and in their `meta`.

No index knows what is in there, so each page looks at so many jobs and no more: a search is over when the
last page is, and no request reads the whole table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select

from ..checks import is_number, json_text
from ..database.dialect import Dialect
from ..database.tables import JOBS

MOST_SCANNED: Final = 10_000
"""Jobs of the other filters that are looked at for one page, or for a count."""
MOST_STEPS: Final = 10
_NAME: Final = re.compile(r"[^\W\d][\w-]{0,99}")

_J = JOBS.c


class JsonFilter(NamedTuple):
    """Jobs that have one of `texts`, as JSON, at `path` in the column `column`."""

    column: str
    path: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, column: str, path: str, values: Any) -> JsonFilter:
        """From a dotted path and a value or several. Raises ValueError, TypeError for what cannot be."""
        steps = tuple(path.split("."))
        if len(steps) > MOST_STEPS or not all(map(_NAME.fullmatch, steps)):
            raise ValueError(
                f"{column}.{path:.100} is not a path: write up to {MOST_STEPS} names of letters, digits, _"
                " and - with a dot between them"
            )
        several = values if isinstance(values, list | tuple | set | frozenset) else (values,)
        return cls(column, steps, tuple(dict.fromkeys(text for value in several for text in _texts(value))))

    def condition(self, dialect: Dialect) -> ColumnElement[bool]:
        """The filter as an SQL condition."""
        return dialect.json_at(_J[self.column], self.path).in_(self.texts)


def json_filters(column: str, values: Mapping[str, Any]) -> tuple[JsonFilter, ...]:
    """One for each dotted path in `values`."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{column} takes a dict such as {{'customer.id': 7}}, not {values!r:.100}")
    return tuple(JsonFilter.of(column, str(path), each) for path, each in values.items())


def last_scanned(conn: Connection, candidates: Select[Any]) -> str | None:
    """The id of the last of `candidates`, in their order, that is looked at; None where all of them are."""
    found: str | None = conn.scalar(candidates.offset(MOST_SCANNED - 1).limit(1))
    return found


def _texts(value: Any) -> Iterable[str]:
    """How the value may stand in JSON: 5 as 5 and as 5.0."""
    if is_number(value):
        yield json_text(value)
        with suppress(OverflowError):  # a whole number that is too large for a float
            other = int(value) if isinstance(value, float) else float(value)
            if other == value:
                yield json_text(other)
    elif value is None or isinstance(value, str | bool):
        yield json_text(value)
    else:
        raise TypeError(f"a filter takes text, numbers, True, False and None, not {value!r:.100}")
