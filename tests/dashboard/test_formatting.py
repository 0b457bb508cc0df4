"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.jobs.dashboard import formatting

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"), (0, "0 ms"), (0.0124, "12 ms"), (1.24, "1.2 s"), (59.4, "59 s"), (60, "1 min"),
        (184, "3 min 4 s"), (7_500, "2 h 5 min"), (187_200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    """Short ones in milliseconds, long ones without what nobody reads."""
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [(5, "less than a minute ago"), (125, "2 min ago"), (-7_300, "in 2 h"), (200_000, "2 d ago")],
)
def test_moments_are_told_from_now(ago: float, text: str) -> None:
    """In one unit, so that a page that is polled seldom changes by it."""
    assert formatting.relative(NOW - timedelta(seconds=ago), NOW) == text
    assert formatting.relative(None, NOW) == "–"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (3 * 1024**3, "3.0 GiB")]
)
def test_sizes_have_the_unit_that_fits(number: int, text: str) -> None:
    """Bytes alone are whole."""
    assert formatting.size(number) == text
