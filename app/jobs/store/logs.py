"""The logs of jobs: written by the runs that own them, read from a position on."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Insert, bindparam, delete, func, select, tuple_

from ..database.dialect import Dialect
from ..database.statements import Statement
from ..database.tables import EMITTED, LOGS
from ..database.transactions import AnyConnection
from ..log_buffer import KEPT_BYTES, LogBatch
from ..run import Run
from ..values import LogLine
from . import emitted
from .log_positions import Position, rows_behind
from .runs import owned_runs

MOST_RUNS: Final = 20
"""Runs of a job whose logs are kept: a job that snoozes for ever has a new one each time."""
PAGE_BYTES: Final = 512 * 1024
"""Bytes of lines from which on a page is full."""
MOST_ROWS: Final = 1_000
"""Rows that are looked at for one page."""

_L = LOGS.c
_COLUMNS: Final = ("job_id", "run", "seq", "last", "attempt", "level", "size", "lines")
_KEY: Final = tuple(LOGS.primary_key)
Logged = Sequence[tuple[Run, LogBatch]]
"""Runs, and what of their logs is not stored yet."""


def _write(dialect: Dialect) -> Insert:
    # Where the reply to a commit was lost the row is there already, maybe with fewer lines.
    insert = dialect.insert(LOGS).values({name: bindparam(name) for name in _COLUMNS})
    changed = {name: insert.excluded[name] for name in ("last", "level", "size", "lines")}
    made: Insert = insert.on_conflict_do_update(index_elements=_KEY, set_=changed)
    return made


_WRITE: Final = Statement(_write)
_OF_RUN = delete(LOGS).where(_L.job_id == bindparam("job_id"))
_FORGET: Final = Statement(
    _OF_RUN.where(_L.run == bindparam("run_no"), _L.seq.between(bindparam("since"), bindparam("until")))
)
_FORGET_RUNS: Final = Statement(_OF_RUN.where(_L.run <= bindparam("run_no")))


def record_owned(conn: AnyConnection, logged: Logged) -> None:
    """Store what running tasks logged; of those that lost their job nothing."""
    owned = owned_runs(conn, [run for run, _ in logged])
    record(conn, [each for each in logged if (each[0].job_id, each[0].token) in owned])


def record(conn: AnyConnection, logged: Logged) -> None:
    """Store what was logged by runs that own their jobs, which the caller has locked."""
    for run, batch in logged:
        for chunk in (*batch.oldest, *batch.newest):
            _WRITE.execute(
                conn, job_id=run.job_id, run=run.number, seq=chunk.first, last=chunk.last,
                attempt=run.attempt, level=chunk.level, size=chunk.size, lines=chunk.lines,
            )  # fmt: skip
        if batch.gone is not None:
            since, until = batch.gone
            _FORGET.execute(conn, job_id=run.job_id, run_no=run.number, since=since, until=until)
        if run.number > MOST_RUNS:
            _FORGET_RUNS.execute(conn, job_id=run.job_id, run_no=run.number - MOST_RUNS)
        if batch.emitted:
            emitted.record(conn, run, batch.emitted, run.number - MOST_RUNS)


def read(conn: Connection, job_id: str, after: Position, least: int) -> tuple[list[LogLine], Position, bool]:
    """Lines of a level of `least` or above behind `after`, the position behind them, whether that was all.

    Up to PAGE_BYTES; a page may be empty where there is more.
    """
    rows = _next_rows(conn, job_id, after)
    wanted: dict[Position, int] = {}
    size, behind, missing = 0, after, 0
    for row in rows:
        last = behind.seq if row.run == behind.run else 0
        missing += max(0, row.seq - last - 1)
        if row.level >= least:
            wanted[Position(row.run, row.seq)], missing = missing, 0
            size += row.size
        behind = max(behind, Position(row.run, row.last))
        if size >= PAGE_BYTES:
            break
    is_all = len(rows) < MOST_ROWS and (not rows or behind >= Position(rows[-1].run, rows[-1].last))
    return _lines_of(conn, job_id, wanted, after, least), behind, is_all


def first_within(conn: Connection, job_ids: Sequence[str], most_bytes: int) -> Sequence[str]:
    """The first of the jobs, one at least, whose logs and data together have no more than `most_bytes`."""
    found = Counter[str]()
    for table in (LOGS, EMITTED):
        of_job: Any = table.c.job_id
        sizes = select(of_job, func.sum(table.c.size)).where(of_job.in_(job_ids)).group_by(of_job)
        found.update({row[0]: int(row[1]) for row in conn.execute(sizes)})
    total = 0
    for at, job_id in enumerate(job_ids):
        total += found[job_id]
        if at and total > most_bytes:
            return job_ids[:at]
    return job_ids


def _next_rows(conn: Connection, job_id: str, after: Position) -> Sequence[Any]:
    names = (_L.run, _L.seq, _L.last, _L.level, _L.size)
    found = select(*names).where(*rows_behind(LOGS, job_id, after)).order_by(_L.run, _L.seq).limit(MOST_ROWS)
    return conn.execute(found).all()


def _lines_of(
    conn: Connection, job_id: str, wanted: dict[Position, int], after: Position, least: int
) -> list[LogLine]:
    """The lines of the rows `wanted`, each after a remark where as many are missing before it."""
    if not wanted:
        return []
    place = tuple_(_L.run, _L.seq)
    rows = select(_L.run, _L.seq, _L.attempt, _L.lines).where(
        _L.job_id == job_id, _L.level >= least, place >= tuple_(*min(wanted)), place <= tuple_(*max(wanted))
    )
    found: list[LogLine] = []
    behind = after
    for row in conn.execute(rows.order_by(_L.run, _L.seq)):
        missing = wanted.get(Position(row.run, row.seq))
        for seq, values in enumerate(json.loads(row.lines), row.seq):
            # A row may begin with lines of the one before it: no reply came when that was written.
            if Position(row.run, seq) > behind:
                behind = Position(row.run, seq)
                if missing and least <= logging.WARNING:
                    found.append(_remark(_line(row, seq, values), missing))
                missing = 0
                if values[1] >= least:
                    found.append(_line(row, seq, values))
    return found


def _line(row: Any, seq: int, values: Sequence[Any]) -> LogLine:
    moment, _level, level_name, logger, message, traceback = values
    return LogLine(
        run=row.run, attempt=row.attempt, seq=seq, at=datetime.fromtimestamp(moment, UTC),
        level=level_name, logger=logger, message=message, traceback=traceback,
    )  # fmt: skip


def _remark(first: LogLine, missing: int) -> LogLine:
    """What stands where lines were left out, before the first that was not."""
    kept = f"of a run the first and the last {KEPT_BYTES:,} bytes are kept"
    return LogLine(
        run=first.run, attempt=first.attempt, seq=first.seq - 1, at=first.at, level="WARNING",
        logger="simmer", message=f"… {missing:,} lines are left out here: {kept}", traceback=None,
    )  # fmt: skip
