"""Places in what a job has logged, or emitted: both are numbered within each of its runs."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Table, or_


class Position(NamedTuple):
    """Behind that line, or value, of that run."""

    run: int = 0
    seq: int = 0

    @property
    def text(self) -> str:
        """As it is shown to clients, in cursors."""
        return f"{self.run}.{self.seq}"


START: Final = Position()


def rows_behind(table: Table, job_id: str, after: Position) -> tuple[ColumnElement[bool], ...]:
    """The rows of the job of which something is behind `after`."""
    columns: Any = table.c
    later = or_(columns.run > after.run, (columns.run == after.run) & (columns.last > after.seq))
    return columns.job_id == job_id, later
