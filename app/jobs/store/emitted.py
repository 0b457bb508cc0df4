"""The data that jobs emitted: written by the runs that own them, with their logs, read from a position on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, delete, select

from ..database.dialect import Dialect
from ..database.statements import Statement
from ..database.tables import EMITTED
from ..database.transactions import AnyConnection
from ..log_buffer import LogChunk
from ..run import Run
from .log_positions import Position, rows_behind

MOST_ROWS: Final = 8
"""Rows of a page, of up to 80 KiB each."""

_D = EMITTED.c
_COLUMNS: Final = ("job_id", "run", "seq", "last", "size", "data")


class Emitted(NamedTuple):
    """A value that was emitted, where and when."""

    position: Position
    at: datetime
    data: Any


def _write(dialect: Dialect) -> Insert:
    # Where the reply to a commit was lost the row is there already, maybe with fewer values.
    insert = dialect.insert(EMITTED).values({name: bindparam(name) for name in _COLUMNS})
    changed = {name: insert.excluded[name] for name in ("last", "size", "data")}
    made: Insert = insert.on_conflict_do_update(index_elements=tuple(EMITTED.primary_key), set_=changed)
    return made


_WRITE: Final = Statement(_write)
_FORGET_RUNS: Final = Statement(
    delete(EMITTED).where(_D.job_id == bindparam("job_id"), _D.run <= bindparam("run_no"))
)


def record(conn: AnyConnection, run: Run, chunks: Sequence[LogChunk], forgotten: int) -> None:
    """Store what was emitted by a run that owns its job; forget the data of runs up to `forgotten`."""
    for chunk in chunks:
        _WRITE.execute(
            conn, job_id=run.job_id, run=run.number, seq=chunk.first, last=chunk.last, size=chunk.size,
            data=chunk.lines,
        )  # fmt: skip
    if forgotten > 0:
        _FORGET_RUNS.execute(conn, job_id=run.job_id, run_no=forgotten)


def read(conn: Connection, job_id: str, after: Position) -> tuple[list[Emitted], bool]:
    """A page of the values behind `after`, and whether that was all."""
    wanted = select(_D.run, _D.seq, _D.data).where(*rows_behind(EMITTED, job_id, after))
    rows = wanted.order_by(_D.run, _D.seq).limit(MOST_ROWS)
    found: list[Emitted] = []
    seen = conn.execute(rows).all()
    for row in seen:
        for seq, (moment, data) in enumerate(json.loads(row.data), row.seq):
            # A row may begin with values of the one before it: no reply came when that was written.
            if (position := Position(row.run, seq)) > after:
                after = position
                found.append(Emitted(position, datetime.fromtimestamp(moment, UTC), data))
    return found, len(seen) < MOST_ROWS
