"""Rules that cannot be are refused, with the field at fault; nothing else than TriggerError comes out."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from app.jobs.schedules.triggers import TriggerError, parse_trigger

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "cron", "expression": "0 0 31 2 *"}, "expression", "never comes"),
    ({"type": "cron", "expression": "0 0 30 FEB *"}, "expression", "never comes"),
    ({"type": "cron", "expression": "0 0 31 4,6,9,11 *"}, "expression", "never comes"),
    ({"type": "cron", "expression": "0 0 0 1 1 * 2030"}, "expression", "not 7"),
    ({"type": "cron", "expression": "0 0 1 1"}, "expression", "not 4"),
    ({"type": "cron", "expression": "  "}, "expression", "not 0"),
    ({"type": "cron", "expression": "60 * * * *"}, "expression", "'60' is no minute"),
    ({"type": "cron", "expression": "60 * * * * *"}, "expression", "'60' is no second"),
    ({"type": "cron", "expression": "* 24 * * *"}, "expression", "'24' is no hour"),
    ({"type": "cron", "expression": "* * 0 * *"}, "expression", "'0' is no day-of-month"),
    ({"type": "cron", "expression": "* * * 13 *"}, "expression", "'13' is no month"),
    ({"type": "cron", "expression": "* * * JANUARY *"}, "expression", "is no month"),
    ({"type": "cron", "expression": "* * * * 8"}, "expression", "'8' is no day-of-week"),
    ({"type": "cron", "expression": "* * * * MON#6"}, "expression", "is no day-of-week"),
    ({"type": "cron", "expression": "* * * * L"}, "expression", "is no day-of-week"),
    ({"type": "cron", "expression": "*/0 * * * *"}, "expression", "is no minute"),
    ({"type": "cron", "expression": "@reboot"}, "expression", "@hourly"),
    ({"type": "cron", "expression": "* " * 101}, "expression", "longer than 200"),
    ({"type": "cron", "expression": 5}, "expression", "must be a text"),
    ({"type": "cron", "expression": None}, "expression", "is required"),
    ({"type": "cron"}, "expression", "is required"),
    ({"type": "cron", "expression": "@daily", "hour": 9}, "expression", "excludes hour"),
    ({"type": "cron", "expression": "@daily", "timezone": "Europe/Helsinky"}, "timezone", "Europe/Helsinky"),
    ({"type": "cron", "expression": "@daily", "timezone": "America"}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": "../etc/passwd"}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": "right/UTC"}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": "localtime"}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": "A" * 5000}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": "Europe/Rome\0"}, "timezone", "not an IANA"),
    ({"type": "cron", "expression": "@daily", "timezone": 2}, "timezone", "IANA"),
    ({"type": "cron", "expression": "@daily", "start_at": "soon"}, "start_at", "RFC 3339"),
    ({"type": "cron", "expression": "@daily", "start_at": "2030-01-01T00:00:00"}, "start_at", "time zone"),
    ({"type": "cron", "expression": "@daily", "start_at": "2030-01-02T00:00Z", "end_at": "2030-01-01T00:00Z"},
     "end_at", "before start_at"),
    ({"type": "cron", "expression": "@daily", "start_now": True}, "start_now", "unknown"),
    ({"type": "cron", "day": 31, "month": "feb"}, "day", "never comes"),
    ({"type": "cron", "day": "1st mon", "day_of_week": "tue"}, "day", "never comes"),
    ({"type": "cron", "week": 1, "month": 6}, "week", "never comes"),
    ({"type": "cron", "year": 2027, "month": 2, "day": 29}, "day", "never comes"),
    ({"type": "cron", "year": 1969}, "year", "1970"),
    ({"type": "cron", "hour": 24}, "hour", "0 to 23"),
    ({"type": "cron", "hour": 9.5}, "hour", "whole number"),
    ({"type": "cron", "hour": True}, "hour", "whole number"),
    ({"type": "cron", "hour": [9]}, "hour", "whole number"),
    ({"type": "cron", "hour": ""}, "hour", "0 to 23"),
    ({"type": "cron", "hour": 10**30}, "hour", "0 to 23"),
    ({"type": "cron", "hour": "17-9"}, "hour", "cannot be translated"),
    ({"type": "cron", "minute": "*/90"}, "minute", "cannot be translated"),
    ({"type": "cron", "minute": "1," * 150}, "minute", "longer than 200"),
    ({"type": "cron", "day_of_week": 7}, "day_of_week", "0 is Monday"),
    ({"type": "cron", "day_of_week": "last fri"}, "day_of_week", "cannot be translated"),
    ({"type": "cron", "day_of_week": "mon-fri/2"}, "day_of_week", "cannot be translated"),
    ({"type": "cron", "day": "6th mon"}, "day", "cannot be translated"),
    ({"type": "cron", "day": "1st someday"}, "day", "cannot be translated"),
    ({"type": "cron", "day": "2nd foo"}, "day", "cannot be translated"),
    ({"type": "cron", "month": "foo"}, "month", "jan to dec"),
    ({"type": "interval"}, "seconds", "how long"),
    ({"type": "interval", "seconds": 0}, "seconds", "how long"),
    ({"type": "interval", "minutes": -1}, "minutes", "negative"),
    ({"type": "interval", "hours": "1"}, "hours", "number"),
    ({"type": "interval", "hours": True}, "hours", "number"),
    ({"type": "interval", "hours": float("nan")}, "hours", "number"),
    ({"type": "interval", "weeks": 10**400}, "weeks", "ten years"),
    ({"type": "interval", "weeks": 522}, "weeks", "ten years"),
    ({"type": "interval", "seconds": 5, "start_at": "2030-01-02T00:00Z", "end_at": "2030-01-01T00:00Z"},
     "end_at", "before start_at"),
    ({"type": "interval", "seconds": 5, "start_at": "2030-01-02T00:00Z", "start_now": True},
     "start_now", "exclude"),
    ({"type": "interval", "seconds": 5, "start_now": 1}, "start_now", "true or false"),
    ({"type": "interval", "seconds": 5, "timezone": "Mars/Olympus"}, "timezone", "Mars/Olympus"),
    ({"type": "interval", "fortnights": 1}, "fortnights", "unknown"),
    ({"type": "calendar"}, "days", "how often"),
    ({"type": "calendar", "days": 0}, "days", "how often"),
    ({"type": "calendar", "days": -1}, "days", "0 to 10,000"),
    ({"type": "calendar", "months": 1.5}, "months", "whole number"),
    ({"type": "calendar", "months": True}, "months", "whole number"),
    ({"type": "calendar", "years": "1"}, "years", "whole number"),
    ({"type": "calendar", "weeks": 10**400}, "weeks", "0 to 10,000"),
    ({"type": "calendar", "days": 1, "hour": 24}, "hour", "0 to 23"),
    ({"type": "calendar", "days": 1, "minute": 60}, "minute", "0 to 59"),
    ({"type": "calendar", "days": 1, "second": "5"}, "second", "whole number"),
    ({"type": "calendar", "days": 1, "start_date": "soon"}, "start_date", "such as 2030-01-31"),
    ({"type": "calendar", "days": 1, "start_date": "2030-02-30"}, "start_date", "such as 2030-01-31"),
    ({"type": "calendar", "days": 1, "start_date": datetime(2030, 1, 1)}, "start_date", "hour, minute"),
    ({"type": "calendar", "days": 1, "start_date": "1900-01-01"}, "start_date", "from 1902"),
    ({"type": "calendar", "days": 1, "end_date": "9999-12-31"}, "end_date", "to 9996"),
    ({"type": "calendar", "days": 1, "start_date": "2030-01-02", "end_date": "2030-01-01"},
     "end_date", "before start_date"),
    ({"type": "calendar", "days": 1, "timezone": "Mars/Olympus"}, "timezone", "Mars/Olympus"),
    ({"type": "calendar", "days": 1, "start_at": "2030-01-02T00:00Z"}, "start_at", "unknown"),
    ({"type": "date"}, "run_at", "is required"),
    ({"type": "date", "run_at": None}, "run_at", "is required"),
    ({"type": "date", "run_at": 5}, "run_at", "must be a time"),
    ({"type": "date", "run_at": "2030-01-01"}, "run_at", "time zone"),
    ({"type": "date", "run_at": "0001-01-01T00:00:00+14:00"}, "run_at", "years 1 and 9999"),
    ({"type": "lunar"}, "type", "interval, date, cron, calendar, or"),
    ({"type": ["cron"]}, "type", "choose one"),
    ({}, "type", "choose one"),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "field", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_bad_rules_are_refused(trigger: dict[str, Any], field: str, words: str) -> None:
    """With the key at fault and with what is wrong, in a message of a bounded length."""
    with pytest.raises(TriggerError) as caught:
        parse_trigger(trigger)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("trigger", [None, 5, [], ["cron"], b"cron", object()])
def test_what_is_no_trigger_is_refused(trigger: Any) -> None:
    """Whatever is given in place of a name, a dict or a trigger."""
    with pytest.raises(TriggerError, match="choose one"):
        parse_trigger(trigger)


def test_a_trigger_takes_no_more_words() -> None:
    """They would be ignored."""
    made = parse_trigger("interval", seconds=5)
    assert parse_trigger(made) is made
    with pytest.raises(TriggerError, match="by its name"):
        parse_trigger(made, seconds=6)


@pytest.mark.parametrize(
    ("words", "comes"),
    [
        ({"expression": "0 0 29 2 *"}, "2028-02-29T00:00:00+00:00"),
        ({"day": 29, "month": 2, "day_of_week": "mon"}, "2044-02-29T00:00:00+00:00"),
        ({"expression": "0 0 * 2 MON#5"}, "2044-02-29T00:00:00+00:00"),
        ({"year": 9000}, "9000-01-01T00:00:00+00:00"),
        ({"year": 2020}, None),
        ({"expression": "*/5 3 * 3 0L", "timezone": "Europe/Helsinki"}, None),
    ],
)
def test_rules_that_come_rarely_or_never_again(words: dict[str, Any], comes: str | None) -> None:
    """The answer is found in bounded time; a wild rule whose every time falls into a gap has none."""
    begun = time.thread_time()
    found = parse_trigger("cron", **words).next_after(NOW, NOW)
    assert time.thread_time() - begun < 1
    assert found == (None if comes is None else datetime.fromisoformat(comes))
