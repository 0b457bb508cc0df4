"""What the fields of an expression name, beside two other readings of the same text."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import TriggerError, parse_trigger
from app.jobs.schedules.triggers.cron_expression import read
from app.jobs.schedules.triggers.cron_fields import DayOfMonth

from .rules import expressions


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 9 * * FRI-MON", "0 9 * * 0,1,5,6"),
        ("0 9 * * SAT-SUN", "0 9 * * 6,0"),
        ("0 9 * * MON-SUN", "0 9 * * 0-6"),
        ("0 9 * * 5-7", "0 9 * * 5,6,0"),
        ("0 9 * * 7-3/2", "0 9 * * 0,2"),
        ("0 22-2 * * *", "0 0,1,2,22,23 * * *"),
        ("0 22-2/2 * * *", "0 0,2,22 * * *"),
        ("0 0 1 NOV-FEB *", "0 0 1 1,2,11,12 *"),
        ("55-5/5 * * * *", "0,5,55 * * * *"),
        ("50-10/10 0 0 1 1 *", "0,10,50 0 0 1 1 *"),
        ("0 0 28-3 * *", "0 0 1,2,3,28,29,30,31 * *"),
        ("0 9 * * FRIL", "0 9 * * 5L"),
        ("0 9 * * sunL", "0 9 * * 7L"),
        ("0 9 ? * MON-FRI", "0 9 * * MON-FRI"),
        ("0 9 15 * ?", "0 9 15 * *"),
        ("0 9 ? * ?", "0 9 * * *"),
        ("2-2/3 5-05/2 * * *", "2 5 * * *"),
        ("@every_minute", "* * * * *"),
        ("@every_second", "* * * * * *"),
    ],
)
def test_two_ways_to_say_the_same(text: str, same: str) -> None:
    """What wraps goes on from the least value, steps run through the wrap, `?` is any day."""
    one, other = read(text), read(same)
    for name in ("seconds", "minutes", "hours", "days", "months", "weekdays", "placed", "day_and"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize(
    ("days", "year", "expected"),
    [
        ("L-2", 2026, [29, 26, 29, 28, 29, 28, 29, 29, 28, 29, 28, 29]),
        ("L-2", 2028, [29, 27, 29, 28, 29, 28, 29, 29, 28, 29, 28, 29]),
        ("L-29", 2026, [2, None, 2, 1, 2, 1, 2, 2, 1, 2, 1, 2]),
        ("15W", 2026, [15, 16, 16, 15, 15, 15, 15, 14, 15, 15, 16, 15]),
        ("1W", 2026, [1, 2, 2, 1, 1, 1, 1, 3, 1, 1, 2, 1]),
        ("30W", 2026, [30, None, 30, 30, 29, 30, 30, 31, 30, 30, 30, 30]),
        ("31W", 2026, [30, None, 31, None, 29, None, 31, 31, None, 30, None, 31]),
        ("LW", 2026, [30, 27, 31, 30, 29, 30, 31, 31, 30, 30, 30, 31]),
        ("L-1W", 2026, [30, 27, 30, 29, 29, 29, 30, 31, 29, 30, 30, 30]),
    ],
)
def test_days_that_hang_on_the_month(days: str, year: int, expected: list[int | None]) -> None:
    """From the last day; the nearest weekday never leaves its month; one without the day has none."""
    fields = read(f"0 0 {days} * *")
    found = [fields.days_of(year, month) for month in range(1, 13)]
    assert found == [[] if day is None else [day] for day in expected]


def test_the_nearest_weekday_fires_once() -> None:
    """Two days whose nearest weekday is the same one are one fire time; lists may mix all forms."""
    fields = read("0 0 14W,15W,L-2,1 * *")
    assert fields.days_of(2026, 8) == [1, 14, 29]
    trigger = parse_trigger("cron", expression="0 9 14W,15W 8 *")
    moment = datetime(2026, 8, 1, tzinfo=UTC)
    first = trigger.next_after(moment, moment)
    assert first == datetime(2026, 8, 14, 9, tzinfo=UTC)
    assert trigger.next_after(first, moment) == datetime(2027, 8, 13, 9, tzinfo=UTC)


_cronlike = st.lists(st.text("0123456789*/-,#LWSUNMOJA", min_size=1, max_size=8), min_size=5, max_size=6).map(
    " ".join
)
_both = st.builds(
    "{} {} {} {} {}".format,
    *(st.sampled_from([*common, *each]) for common, each in [
        (["*", "*/5", "1,2", "3-7/2", "0"], ["59", "7/20"]),
        (["*", "*/5", "1,2", "3-7/2", "0"], ["23", "7/8"]),
        (["*", "*/5", "1,2", "3-7/2", "31"], ["L", "LW", "1,L"]),
        (["*", "*/5", "1,2", "3-7/2", "12"], ["JAN-MAR", "FEB,DEC"]),
        (["*", "*/5", "1,2", "3-7/2", "0"], ["MON-FRI", "5L", "MON#2,TUE#1", "7", "5/2", "0-7/7"]),
    ]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(expressions | _both | _cronlike, st.integers(2000, 2030), st.integers(1, 12))
def test_what_cronsim_reads_too_means_the_same(text: str, year: int, month: int) -> None:
    """Another parser of Debian's rules names the same times and days, where it knows the form."""
    try:
        other = CronSim(text, datetime(2000, 1, 1))
        mine = read(text)
    except (CronSimError, ValueError, AssertionError):
        return
    if re.search(r"\b0*(\w+)-0*\1/", text):
        return  # it reads 2-2/3 as 2/3
    for name in ("seconds", "minutes", "hours", "months"):
        assert set(getattr(mine, name)) == getattr(other, name)
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    assert mine.days_of(year, month) == [day.day for day in days if other.match_day(day)]


def test_a_day_of_a_month_is_a_value() -> None:
    """Equal days are one, so that a list that repeats itself says nothing more."""
    assert read("0 0 1,01,1 * *").days == {DayOfMonth(1)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("? 0 * * *", "is no minute"),
        ("0 0 * ? *", "is no month"),
        ("0 0 ?/2 * *", "is no day-of-month"),
        ("*/90 * * * *", "@every 90m"),
        ("5/90 * * * *", "@every 90m"),
        ("*/61 * * * * *", "@every 61s"),
        ("0 */36 * * *", "@every 36h"),
        ("0 0 */45 * *", '{"type": "calendar", "days": 45}'),
        ("0 0 1 */18 *", '{"type": "calendar", "months": 18}'),
        ("0 0 * * */10", '{"type": "calendar", "days": 10}'),
        ("0 0 L/2 * *", "write L-2"),
        ("0 0 1,L/2 * *", "write L-2"),
        ("0 0 L-0 * *", "is no day-of-month"),
        ("0 0 L-31 * *", "is no day-of-month"),
        ("0 0 1-15W * *", "15W (the weekday nearest"),
        ("0 0 32W * *", "is no day-of-month"),
        ("0 0 * * 5,6#3", "write 5#3,6#3"),
        ("0 0 * * 1,FRIL", '"or"'),
        ("0 0 * * FRI#L", "FRIL"),
        ("0 0 * * MON-FRI#2", "is no day-of-week"),
        ("0 0 * * JANL", "is no day-of-week"),
        ("0 0 30,31,L-30 2 *", "never comes"),
        ("0 0 31W 4 *", "never comes"),
    ],
)
def test_what_would_not_do_what_it_looks_like_is_refused(text: str, words: str) -> None:
    """With the field and what it takes, or a form that works."""
    with pytest.raises(TriggerError, match=re.escape(words)) as caught:
        parse_trigger("cron", expression=text)
    assert caught.value.field == "expression"
    assert len(str(caught.value)) < 500
