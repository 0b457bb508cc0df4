"""Values as text for people: durations, moments, JSON, counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from ..job import Job
from ..serialization.presenter import moment
from ..serialization.redaction import redactor_of
from ..service import runtime
from ..states import RUNNING

SHORT: Final = 80
"""Characters of arguments in a list."""
TITLE: Final = 1_000
"""Characters of them where the pointer rests on them."""
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(seconds: float | None) -> str:
    """Two units at most: "12 ms", "1.2 s", "3 min 4 s", "2 d 5 h"; a dash for None."""
    if seconds is None:
        return "–"
    if 0 < seconds < 0.0005:
        return "< 1 ms"
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    for size, name in _UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            smaller, word = {"d": (3_600, "h"), "h": (60, "min"), "min": (1, "s")}[name]
            return f"{count} {name} {rest // smaller} {word}" if rest // smaller else f"{count} {name}"
    return f"{whole} s"


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from one to the other, None where one is missing."""
    return None if start is None or end is None else (end - start).total_seconds()


def waited(job: Job) -> float | None:
    """Seconds that it was due before its latest run began, as far as that is known."""
    if job.queued_seconds is not None:
        return job.queued_seconds
    return between(job.run_at, job.started_at) if job.state == RUNNING else None


def relative(at: datetime | None, now: datetime) -> str:
    """ "3 min ago" or "in 2 h", in whole units, so that it seldom changes; a dash for None."""
    if at is None:
        return "–"
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    text = next((f"{int(size // unit)} {name}" for unit, name in _UNITS if size >= unit), None)
    if text is None:
        text = "less than a minute"
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def iso(at: datetime | None) -> str:
    """RFC 3339, for `<time datetime>`."""
    return moment(at) or ""


def absolute(at: datetime | None) -> str:
    """Date and time to the second, UTC."""
    return "–" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def local(text: str | None) -> str:
    """A time in RFC 3339 to the second, in its own zone; a dash for None."""
    if text is None:
        return "–"
    at = datetime.fromisoformat(text)
    return at.strftime("%Y-%m-%d %H:%M:%S ") + (at.tzname() or "")


def redacted(value: Any) -> Any:
    """A JSON value, its secrets redacted."""
    return redactor_of(runtime().settings.redact).redact(value)


def pretty(value: Any) -> str:
    """A JSON value over several lines, its secrets redacted."""
    return json.dumps(redacted(value), indent=2, ensure_ascii=False, default=_default)


def short(args: Any, most: int = SHORT) -> str:
    """Arguments on a line, as in Python's calls, cut to `most` characters."""
    text = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in redacted(dict(args)).items()
    )
    return text if len(text) <= most else f"{text[: most - 1]}…"


def count(value: int, capped: bool = False) -> str:
    """With thin separators, and a plus where it was not counted to the end."""
    return f"{value:,}" + ("+" if capped else "")


def size(number: int) -> str:
    """Bytes in the unit that fits."""
    amount = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError


def _default(value: Any) -> Any:
    return dict(value)
