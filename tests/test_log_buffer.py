"""The log and the data of a run before they are stored: bounded, numbered, kept until they were written."""

from __future__ import annotations

import json

import pytest

from app.jobs import log_buffer
from app.jobs.log_buffer import CHUNK_BYTES, KEPT_BYTES, LogBatch, LogBuffer, LogChunk

LINE = json.dumps("x" * 996)  # with its separators a thousand bytes


def filled(count: int, text: str = LINE) -> LogBuffer:
    """A buffer to which so many lines were added."""
    buffer = LogBuffer()
    for _ in range(count):
        buffer.append(20, text)
    return buffer


def batch_of(buffer: LogBuffer) -> LogBatch:
    """What is to be stored, which there is."""
    batch = buffer.pending()
    assert batch is not None
    return batch


def chunks_of(batch: LogBatch) -> list[LogChunk]:
    """All of its rows."""
    return [*batch.oldest, *batch.newest]


def test_nothing_is_pending_before_the_first_line() -> None:
    """A buffer without lines makes no batch."""
    assert LogBuffer().pending() is None


def test_rows_hold_consecutive_lines_as_json() -> None:
    """Each says which lines it has, and none is much larger than a full one."""
    chunks = chunks_of(batch_of(filled(500)))
    assert [chunk.first for chunk in chunks] == [1, *(chunk.last + 1 for chunk in chunks[:-1])]
    assert [len(json.loads(chunk.lines)) for chunk in chunks] == [c.last - c.first + 1 for c in chunks]
    assert max(len(chunk.lines) for chunk in chunks) < CHUNK_BYTES + len(LINE) + 2


def test_the_oldest_and_the_newest_lines_are_kept() -> None:
    """However much is logged at once, what waits to be stored stays within its bytes."""
    batch = batch_of(filled(5_000))
    assert (batch.oldest[0].first, batch.oldest[-1].last) == (1, 1_000)
    assert (batch.newest[0].first, batch.newest[-1].last) == (4_001, 5_000)
    assert sum(len(chunk.lines) for chunk in chunks_of(batch)) <= 2 * KEPT_BYTES
    assert batch.gone is None


def test_what_is_too_old_is_deleted_once_it_was_stored() -> None:
    """Written bit by bit, the rows that stay are within the bytes too; the oldest lines are never touched."""
    buffer, stored = LogBuffer(), dict[int, LogChunk]()
    for _ in range(50):
        for _ in range(100):
            buffer.append(20, LINE)
        batch = batch_of(buffer)
        if batch.gone is not None:
            since, until = batch.gone
            assert since > 1_000
            stored = {first: chunk for first, chunk in stored.items() if not since <= first <= until}
        stored |= {chunk.first: chunk for chunk in chunks_of(batch)}
        buffer.mark_recorded(batch)
        assert sum(len(chunk.lines) for chunk in stored.values()) <= 2 * KEPT_BYTES
    numbers = [n for chunk in stored.values() for n in range(chunk.first, chunk.last + 1)]
    assert numbers[:1_000] == list(range(1, 1_001))
    assert numbers[-900:] == list(range(4_101, 5_001))


def test_what_was_not_written_is_pending_again() -> None:
    """Together with what came meanwhile; what was written is not."""
    buffer = filled(2, '"a"')
    first = batch_of(buffer)
    buffer.append(40, '"b"')
    again = batch_of(buffer)
    assert [(c.first, c.last, c.level) for c in chunks_of(again)] == [(1, 3, 40)]
    buffer.mark_recorded(first)
    assert [(c.first, c.last, c.lines) for c in chunks_of(batch_of(buffer))] == [(3, 3, '["b"]')]
    buffer.mark_recorded(batch_of(buffer))
    assert buffer.pending() is None


def test_data_is_kept_whatever_is_logged() -> None:
    """It has numbers of its own, a flood of lines drops none of it, and what was written is not pending."""
    buffer = LogBuffer()
    for number in range(3):
        buffer.emit(str(number))
        for _ in range(1_500):
            buffer.append(20, LINE)
    batch = batch_of(buffer)
    assert [(c.first, c.last, c.lines) for c in batch.emitted] == [(1, 3, "[0,1,2]")]
    buffer.emit("3")
    buffer.mark_recorded(batch)
    again = batch_of(buffer)
    assert (chunks_of(again), [(c.first, c.last, c.lines) for c in again.emitted]) == ([], [(4, 4, "[3]")])
    buffer.mark_recorded(again)
    assert buffer.pending() is None


def test_more_data_than_a_run_may_emit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in bytes, those that were stored counted too; what was emitted before stays."""
    monkeypatch.setattr(log_buffer, "MOST_EMITTED", 3)
    monkeypatch.setattr(log_buffer, "MAX_EMITTED_BYTES", 2_500)
    many, large = LogBuffer(), LogBuffer()
    for text, buffer, fits in (("1", many, 3), (LINE, large, 2)):
        for _ in range(fits):
            buffer.emit(text)
        buffer.mark_recorded(batch_of(buffer))
        with pytest.raises(ValueError, match=r"up to 3 values of 2,500 bytes.*emit less often"):
            buffer.emit(text)
        assert buffer.pending() is None
