"""Rows that a statement is given in one parameter, as JSON that the database reads as a table.

One statement for all the rows of a turn costs a fraction of one for each of them: the driver lets go of
the interpreter's lock, and has to win it back, once a statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Subquery, Text, bindparam, cast, func, select, text
from sqlalchemy.types import TypeEngine

from ..columns import Id

ROWS: Final = "given_rows"
"""The name of the parameter: pass what `as_given` made."""


def given(dialect: str, **columns: TypeEngine[Any]) -> Subquery:
    """A table of `columns`, in this order, whose rows come with the parameter ROWS."""
    rows = bindparam(ROWS, type_=Text)
    if dialect == "sqlite":
        row = func.json_each(rows).table_valued("value").c.value
        cells: list[ColumnElement[Any]] = [
            func.json_extract(row, text(f"'$[{i}]'")) for i in range(len(columns))
        ]
    else:
        row = func.json_array_elements(cast(rows, JSON)).table_valued("value").c.value
        cells = [cast(row.op("->>")(text(str(i))), type_) for i, type_ in enumerate(columns.values())]
    return select(*(cell.label(name) for cell, name in zip(cells, columns, strict=True))).subquery("given")


def given_ids(dialect: str) -> Any:
    """The ids that come with the parameter ROWS, for `column.in_(…)`."""
    return select(given(dialect, id=Id).c.id)


def as_given(rows: Iterable[Any]) -> dict[str, str]:
    """The parameter for `rows`, each a list or tuple of JSON values; times as `columns.as_text` has them."""
    return {ROWS: json.dumps(list(rows))}


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text `column` as a guard that no index is to be chosen for: the rows are found by their key."""
    return column.concat("")
