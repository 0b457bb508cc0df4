"""The different values of a column, read from its index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select


def distinct_values(
    column: ColumnElement[Any], *conditions: ColumnElement[bool], newest_first: bool = False
) -> Select[Any]:
    """The values as `value`, by a recursive query that hops over the index from one to the next.

    SELECT DISTINCT would read every row. `conditions` are those of a partial index. The values come
    ascending, or descending with `newest_first`.
    """
    first = select((func.max if newest_first else func.min)(column).label("value")).where(*conditions)
    hop = first.cte("hop", recursive=True)
    beyond = column < hop.c.value if newest_first else column > hop.c.value
    rest = select(first.where(beyond).scalar_subquery()).where(hop.c.value.is_not(None))
    values = hop.union_all(rest)
    return select(values.c.value).where(values.c.value.is_not(None))
