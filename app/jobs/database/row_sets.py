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


def given_texts(dialect: str, parameter: str) -> Any:
    """The texts that come as a list with `parameter`, for `column.in_(…)`."""
    texts = bindparam(parameter, type_=Text)
    if dialect == "sqlite":
        return select(func.json_each(texts).table_valued("value").c.value)
    return select(func.json_array_elements_text(cast(texts, JSON)).table_valued("value").c.value)


def as_given(rows: Iterable[Any]) -> str:
    """The parameter for `rows`: texts, or lists of JSON values; times as `columns.as_text` has them."""
    return json.dumps(list(rows))


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text `column` as a guard that no index is to be chosen for: the rows are found by their key."""
    return column.concat("")
