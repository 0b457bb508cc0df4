"""What a task reports by `current_job.progress` and `.emit`, checked and made what can be stored."""

from __future__ import annotations

import time
from typing import Any, Final, cast

from ..checks import is_number
from ..run import ProgressReport
from ..serialization.encoding import text_of, to_json
from ..serialization.text import storable

MAX_MESSAGE_BYTES: Final = 1024
"""Bytes of a progress message that are stored."""
MAX_PROGRESS: Final = 1e15
MAX_DATA_BYTES: Final = 4 * 1024
"""Bytes of JSON that the data of a progress report may have."""
MAX_EMIT_BYTES: Final = 16 * 1024
"""Bytes of JSON that one value may have that is emitted."""


def progress_report(current: float, total: float | None, message: str, data: Any) -> ProgressReport:
    """The report; raises TypeError for what is no number or no JSON, ValueError for too much data."""
    known_total = None if total is None else _number(total)
    report = (_number(current), known_total, storable(message, MAX_MESSAGE_BYTES))
    if data is None:
        return report
    # A copy: the task may change its own while this one is stored.
    plain = to_json(data, "data")
    _check_size(text_of(plain), MAX_DATA_BYTES, "progress")
    return *report, plain


def emitted_text(data: Any) -> str:
    """`data` with the moment, as JSON text; raises TypeError for what is no JSON, ValueError for too much."""
    text = text_of(to_json(data, "data"))
    _check_size(text, MAX_EMIT_BYTES, "emit")
    # On the clock of the machine, as lines of the log are.
    return f"[{time.time():.6f},{text}]"


def _number(value: Any) -> float:
    if not is_number(value) or abs(value) > MAX_PROGRESS:
        raise TypeError(f"progress takes numbers, not {value!r}")
    return cast(float, value)


def _check_size(text: str, most: int, taker: str) -> None:
    if (size := len(text.encode())) > most:
        raise ValueError(f"data has {size} bytes as JSON: {most} are the most that {taker} takes")
