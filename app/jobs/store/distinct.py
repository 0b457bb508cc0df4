"""The different values of a column, read from its index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select


def distinct_values(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    """The values as `value`, by a recursive query that hops over the index from one to the next.

    SELECT DISTINCT would read every row. `conditions` are those of a partial index.
    """
    first = select(func.min(column).label("value")).where(*conditions)
    hop = first.cte("hop", recursive=True)
    rest = select(first.where(column > hop.c.value).scalar_subquery()).where(hop.c.value.is_not(None))
    values = hop.union_all(rest)
    return select(values.c.value).where(values.c.value.is_not(None))
