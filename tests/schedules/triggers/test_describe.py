"""Triggers in words, and their next fire times with a note where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import parse_trigger
from app.jobs.schedules.triggers.describe import describe
from app.jobs.schedules.triggers.preview import preview

from .rules import edges, expressions

CRON = [
    ("0 9 * * MON-FRI", "At 09:00, Monday to Friday"),
    ("0 9 * * *", "At 09:00 every day"),
    ("5 0 9 * * *", "At 09:00:05 every day"),
    ("0 9,12,15 * * 6,0", "At 09:00, 12:00 and 15:00, Saturday and Sunday"),
    ("* * * * *", "Every minute"),
    ("*/5 * * * *", "Every 5 minutes"),
    ("*/7 * * * *", "Every 7th minute"),
    ("*/30 * * * * *", "Every 30 seconds"),
    ("* * * * * *", "Every second"),
    ("@hourly", "Every hour"),
    ("30 * * * *", "At minute 30 of every hour"),
    ("0,30 * * * *", "At minutes 0 and 30 of every hour"),
    ("0 */2 * * *", "Every 2 hours"),
    ("15 */2 * * *", "At minute 15 of every 2nd hour"),
    ("10,20 */5 * * * *", "At seconds 10 and 20 of every 5th minute"),
    ("*/15 9-17 * * 1-5", "Every 15 minutes from 09:00 to 17:59, Monday to Friday"),
    ("30 9-17 * * *", "Every hour from 09:30 to 17:30"),
    ("0,30 8-18 * * *", "At minutes 0 and 30 of hours 8 to 18 every day"),
    ("* 9 * * *", "Every minute of hour 9"),
    ("0 0 1 1 *", "At 00:00, on 1 January"),
    ("0 0 1,15 3 *", "At 00:00, on 1 and 15 March"),
    ("0 0 1,15 * *", "At 00:00, on days 1 and 15 of the month"),
    ("0 0 L 2 *", "At 00:00, on the last day of the month, in February"),
    ("0 0 LW * *", "At 00:00, on the last working day of the month"),
    ("0 0 */2 * *", "At 00:00, on every 2nd day of the month"),
    ("0 0 * * FRI#2", "At 00:00, the 2nd Friday of the month"),
    ("0 0 * * 5L,MON#1", "At 00:00, the 1st Monday of the month and the last Friday of the month"),
    ("0 0 13 * 5", "At 00:00, on day 13 of the month or any Friday"),
    ("0 0 */2 * 1", "At 00:00, on every 2nd day of the month, only if it is Monday"),
    ("0 0 13 * 0-6", "At 00:00 every day"),
    ("0 0 * 6-8,12 *", "At 00:00, in June to August and December"),
    ("0 9 * * FRI-MON", "At 09:00, Monday and Friday to Sunday"),
    ("0 22-2 * * *", "At 00:00, 01:00, 02:00, 22:00 and 23:00 every day"),
    ("0 0 L-1 * *", "At 00:00, on the day before the last of the month"),
    ("0 0 L,L-2 * *", "At 00:00, on the last day and the day 2 days before the last of the month"),
    ("0 0 1,15W * *", "At 00:00, on day 1 and the weekday nearest to day 15 of the month"),
    ("0 0 L-2W * *", "At 00:00, on the weekday nearest to the day 2 days before the last of the month"),
    ("0 0 15W 3 *", "At 00:00, on the weekday nearest to day 15 of the month, in March"),
    ("0 9 ? * MON", "At 09:00, Monday"),
    ("0 9 * * FRIL", "At 09:00, the last Friday of the month"),
    ("1-59/2 * * * *", "At minutes 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 and 19 more of every hour"),
]


@pytest.mark.parametrize(("expression", "words"), CRON, ids=[expression for expression, _ in CRON])
def test_expressions_in_words(expression: str, words: str) -> None:
    """The clock first, then the days, then the zone."""
    assert describe(parse_trigger("cron", expression=expression)) == f"{words} (UTC)"


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ({"type": "cron", "hour": 9, "day_of_week": "mon-fri", "timezone": "Europe/Helsinki"},
         "At 09:00, Monday to Friday (Europe/Helsinki)"),
        ({"type": "cron", "day": 13, "day_of_week": "fri"},
         "At 00:00, on day 13 of the month, only if it is Friday (UTC)"),
        ({"type": "cron", "year": "2030-2032", "week": "1,2"},
         "At 00:00, in ISO weeks 1 and 2, in 2030 to 2032 (UTC)"),
        ({"type": "cron", "hour": 9, "start_at": "2026-12-01T00:00:00Z", "end_at": "2026-12-24T12:00:00Z",
          "timezone": "Europe/Helsinki"},
         "At 09:00 every day, from 2026-12-01 02:00, until 2026-12-24 14:00 (Europe/Helsinki)"),
        ({"type": "interval", "seconds": 30}, "Every 30 seconds"),
        ({"type": "interval", "minutes": 1}, "Every minute"),
        ({"type": "interval", "hours": 1, "minutes": 1.5}, "Every 1 hour and 1.5 minutes"),
        ({"type": "interval", "days": 1, "start_at": "2026-12-01T00:00:00Z"},
         "Every day, from 2026-12-01 00:00 (UTC)"),
        ({"type": "calendar", "weeks": 2, "hour": 9, "timezone": "Europe/Helsinki"},
         "Every 2 weeks at 09:00 (Europe/Helsinki)"),
        ({"type": "calendar", "months": 2, "start_date": "2026-01-31", "hour": 9, "second": 5},
         "Every 2 months on day 31 at 09:00:05, in months that have it, from 2026-01-31 (UTC)"),
        ({"type": "calendar", "months": 1, "start_date": "2026-01-15", "end_date": "2026-06-30"},
         "Every month on day 15 at 00:00, from 2026-01-15, until 2026-06-30 (UTC)"),
        ({"type": "calendar", "years": 1, "start_date": "2024-02-29"},
         "Every year on 29 February at 00:00, in years that have it, from 2024-02-29 (UTC)"),
        ({"type": "calendar", "years": 1, "start_date": "2024-12-31"},
         "Every year on 31 December at 00:00, from 2024-12-31 (UTC)"),
        ({"type": "calendar", "months": 1, "days": 3, "start_date": "2026-01-31"},
         "Every 1 month and 3 days at 00:00, from 2026-01-31 (UTC)"),
        ({"type": "or", "timezone": "Europe/Helsinki", "triggers": [
            {"type": "cron", "expression": "0 9 * * MON-FRI"}, {"type": "interval", "hours": 6},
            {"type": "cron", "expression": "0 12 * * SAT", "timezone": "Asia/Kathmandu"}]},
         "At 09:00, Monday to Friday; or every 6 hours; or at 12:00, Saturday (Asia/Kathmandu)"
         " (Europe/Helsinki)"),
        ({"type": "or", "triggers": [{"type": "interval", "hours": 1 + hours} for hours in range(9)]},
         "Every hour; or every 2 hours; or every 3 hours; or every 4 hours; or every 5 hours;"
         " or every 6 hours; or one of 3 more (UTC)"),
        ({"type": "date", "run_at": "2030-01-01T09:00:00Z"}, "Once, at 2030-01-01 09:00 (UTC)"),
        ({"type": "date", "run_at": "2030-01-01T09:00:05", "timezone": "Asia/Kathmandu"},
         "Once, at 2030-01-01 09:00:05 (Asia/Kathmandu)"),
    ],
)  # fmt: skip
def test_triggers_in_words(trigger: dict[str, Any], words: str) -> None:
    """Filters, bounds and zones are said too."""
    assert describe(parse_trigger(trigger)) == words


@settings(max_examples=200, deadline=None)
@given(expressions)
def test_every_expression_has_words(expression: str) -> None:
    """A sentence of a bounded length that begins with a capital and ends with the zone."""
    text = describe(parse_trigger("cron", expression=expression))
    assert text.startswith(("At ", "Every "))
    assert text.endswith(" (UTC)")
    assert len(text) < 400


def notes(expression: str, zone: str, after: str, count: int) -> list[tuple[str, str | None]]:
    """The local times of a preview, with what is noted."""
    trigger = parse_trigger("cron", expression=expression, timezone=zone)
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [(row["local"], row.get("note")) for row in preview(trigger, moment, moment, count)]


def test_a_time_that_is_left_out_is_noted() -> None:
    """On the day of the change, not on the one after it."""
    assert notes("30 2 * * *", "America/New_York", "2026-03-07T12:00", 2) == [
        ("2026-03-08T03:00:00-04:00",
         "the clock goes forward: 2026-03-08 02:30 does not exist, so it runs at this moment"),
        ("2026-03-09T02:30:00-04:00", None),
    ]  # fmt: skip


def test_a_day_that_is_left_out_is_noted() -> None:
    """Its run comes at the first moment of the next day."""
    moved = notes("0 9 * * *", "Pacific/Apia", "2011-12-30T00:00", 2)
    assert moved[0][0] == "2011-12-31T00:00:00+14:00"
    assert "2011-12-30 09:00 does not exist" in str(moved[0][1])
    assert moved[1] == ("2011-12-31T09:00:00+14:00", None)


def test_a_time_that_comes_twice_is_noted() -> None:
    """A named time says that it runs once, a wild one which of the two it is."""
    once = notes("30 1 * * *", "America/New_York", "2026-10-31T12:00", 2)
    assert once[0][1] == "the clock goes back: 01:30 comes twice, and runs the first time only"
    assert once[1][1] is None
    wild = notes("30 * * * *", "America/New_York", "2026-11-01T04:00", 4)
    assert [note for _, note in wild] == [
        None,
        "the clock goes back: 01:30 comes twice, and this is the first time",
        "the clock goes back: 01:30 comes twice, and this is the second time",
        None,
    ]


def test_a_wild_rule_says_that_an_hour_was_skipped() -> None:
    """Once, at the first fire time after it."""
    shown = notes("*/30 * * * *", "Europe/Helsinki", "2026-03-29T00:15", 3)
    assert [local for local, _ in shown] == [
        "2026-03-29T02:30:00+02:00", "2026-03-29T04:00:00+03:00", "2026-03-29T04:30:00+03:00",
    ]  # fmt: skip
    assert [note is not None for _, note in shown] == [False, True, False]
    assert "2026-03-29 03:00 and what else is skipped" in str(shown[1][1])


def test_an_interval_of_days_says_when_its_time_of_day_moves() -> None:
    """It counts elapsed time; without a zone there is nothing to say."""
    anchor = datetime(2026, 3, 27, 6, tzinfo=UTC)
    zoned = parse_trigger("interval", days=1, timezone="Europe/Helsinki")
    shown = preview(zoned, anchor, None, 3)
    assert [row["local"][11:16] for row in shown] == ["08:00", "09:00", "09:00"]
    assert ["08:00 has become 09:00" in row.get("note", "") for row in shown] == [False, True, False]
    assert not any("note" in row for row in preview(parse_trigger("interval", days=1), anchor, None, 3))


def test_a_preview_ends_where_the_trigger_does() -> None:
    """Fewer rows than asked for, down to none; `at` is UTC with a Z."""
    anchor = datetime(2026, 1, 1, tzinfo=UTC)
    once = parse_trigger("date", run_at="2030-01-01T09:00:00+02:00", timezone="Europe/Helsinki")
    assert preview(once, anchor, None, 5) == [
        {"at": "2030-01-01T07:00:00Z", "local": "2030-01-01T09:00:00+02:00"}
    ]
    assert preview(once, anchor, datetime(2031, 1, 1, tzinfo=UTC), 5) == []


@settings(max_examples=60, deadline=None)
@given(expression=expressions, edge=edges, back=st.integers(0, 100_000), pages=st.integers(1, 6))
def test_previews_chain(expression: str, edge: tuple[str, datetime], back: int, pages: int) -> None:
    """Page after page, each from the last row of the one before: no gap and no repeat."""
    zone, change = edge
    start = change - timedelta(seconds=back)
    trigger = parse_trigger("cron", expression=expression, timezone=zone)
    whole = preview(trigger, start, start, 12)
    rows: list[dict[str, str]] = []
    while len(rows) < 12:
        after = datetime.fromisoformat(rows[-1]["at"]) if rows else start
        rows += preview(trigger, start, after, pages)
    assert rows[:12] == whole
    assert len({row["at"] for row in whole}) == 12
