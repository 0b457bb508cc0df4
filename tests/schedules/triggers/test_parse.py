"""The ways to word a trigger: zones in front of an expression, Go's intervals, timedeltas, a default zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.jobs.schedules.triggers import TriggerError, parse_trigger
from app.jobs.schedules.triggers.describe import describe
from app.jobs.schedules.triggers.zones import load_zone

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("prefix", ["CRON_TZ", "TZ"])
def test_a_zone_in_front_of_an_expression(prefix: str) -> None:
    """It is the timezone, as if that had been said."""
    trigger = parse_trigger("cron", expression=f" {prefix}=Europe/Helsinki  0 9 * * *")
    assert trigger == parse_trigger("cron", expression="0 9 * * *", timezone="Europe/Helsinki")
    assert trigger.as_dict() == {"type": "cron", "expression": "0 9 * * *", "timezone": "Europe/Helsinki"}
    same = parse_trigger(
        "cron", expression=f"{prefix}=Europe/Helsinki @daily", timezone=ZoneInfo("Europe/Helsinki")
    )
    assert same.zone.key == "Europe/Helsinki"


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        (
            {"expression": "CRON_TZ=Europe/Helsinki 0 9 * * *", "timezone": "UTC"},
            "timezone",
            "Europe/Helsinki",
        ),
        ({"expression": "TZ=Mars 0 9 * * *"}, "expression", "'Mars' is not an IANA"),
        ({"expression": "TZ= 0 9 * * *"}, "expression", "not an IANA"),
        ({"expression": "TZ=UTC"}, "expression", "not 0"),
        ({"expression": "TZ=UTC 0 9 * *"}, "expression", "not 4"),
        ({"expression": "0 9 * * * TZ=UTC"}, "expression", "is no"),
        ({"expression": "TZ=UTC TZ=UTC 0 9 * * *"}, "expression", "is no second"),
        ({"expression": "@every"}, "expression", "@every 1h30m"),
        ({"expression": "@every 5"}, "expression", "@every 1h30m"),
        ({"expression": "@every 1d"}, "expression", "@every 1h30m"),
        ({"expression": "@every -5m"}, "expression", "@every 1h30m"),
        ({"expression": "@every 5m 3"}, "expression", "@every 1h30m"),
        ({"expression": "@every 0s"}, "expression", "how long"),
        ({"expression": "@every 50ms"}, "expression", "0.1 s"),
        ({"expression": "@every 99999999h"}, "expression", "ten years"),
        ({"expression": f"@every {'9' * 150}h"}, "expression", "ten years"),
        ({"expression": "@every 5m", "hour": 9}, "hour", "unknown for the interval"),
        ({"expression": "@every 5m", "timezone": "Mars"}, "timezone", "Mars"),
        ({"expression": "@every_fortnight"}, "expression", "@every_minute"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_zone_and_no_interval(words: dict[str, Any], field: str, said: str) -> None:
    """Refused at the key at fault, with a form that works."""
    with pytest.raises(TriggerError) as caught:
        parse_trigger("cron", **words)
    assert caught.value.field == field
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@every 5m", {"minutes": 5}),
        ("@every 1h30m", {"hours": 1, "minutes": 30}),
        ("@EVERY 90m", {"hours": 1, "minutes": 30}),
        ("@every 1.5h", {"hours": 1, "minutes": 30}),
        ("@every 36h", {"days": 1, "hours": 12}),
        ("@every 45s500ms", {"seconds": 45.5}),
        ("@every 168h", {"weeks": 1}),
        ("@every .5s", {"seconds": 0.5}),
    ],
)
def test_every_is_an_interval(text: str, words: dict[str, Any]) -> None:
    """With what else an interval has; it counts from the moment at which the schedule is stored."""
    trigger = parse_trigger("cron", expression=text)
    assert trigger == parse_trigger("interval", **words)
    assert trigger.as_dict() == {"type": "interval", **words}
    zoned = parse_trigger("cron", expression=f"TZ=Asia/Kathmandu {text}", start_at="2030-01-01T00:00")
    assert zoned.as_dict()["start_at"] == "2029-12-31T18:15:00Z"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"seconds": timedelta(minutes=5)}, {"minutes": 5}),
        ({"minutes": timedelta(minutes=90)}, {"hours": 1, "minutes": 30}),
        (
            {"minutes": 1, "seconds": timedelta(minutes=5, microseconds=500_000)},
            {"minutes": 6, "seconds": 0.5},
        ),
        ({"weeks": timedelta(weeks=2)}, {"weeks": 2}),
        ({"days": timedelta(days=1), "hours": timedelta(hours=2)}, {"days": 1, "hours": 2}),
    ],
)
def test_intervals_take_timedeltas(words: dict[str, Any], expected: dict[str, Any]) -> None:
    """For any unit, as long as they say; the stored form has numbers."""
    trigger = parse_trigger("interval", **words)
    assert trigger == parse_trigger("interval", **expected)
    assert trigger.as_dict() == {"type": "interval", **expected}


def test_a_timedelta_is_an_interval() -> None:
    """In place of a trigger, with further words of an interval."""
    assert parse_trigger(timedelta(minutes=5)) == parse_trigger("interval", minutes=5)
    assert parse_trigger(timedelta(hours=1), start_now=True).as_dict()["start_now"] is True
    assert describe(parse_trigger(timedelta(seconds=30))) == "Every 30 seconds"


@pytest.mark.parametrize(
    ("length", "field", "said"),
    [
        (timedelta(0), "seconds", "how long"), (timedelta(seconds=-1), "seconds", "negative"),
        (timedelta(days=3654), "seconds", "ten years"), (timedelta(milliseconds=50), "seconds", "how long"),
    ],
)  # fmt: skip
def test_timedeltas_have_the_bounds_of_intervals(length: timedelta, field: str, said: str) -> None:
    """Zero, negative, too short and too long ones are refused."""
    with pytest.raises(TriggerError, match=said) as caught:
        parse_trigger(length)
    assert caught.value.field == field


class NamedZone(tzinfo):
    """A zone as pytz makes them: it has its name as `zone`."""

    def __init__(self, zone: str | None) -> None:
        self.zone = zone

    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        return timedelta(0)

    def dst(self, moment: datetime | None, /) -> timedelta:
        return timedelta(0)

    def tzname(self, moment: datetime | None, /) -> str:
        return str(self.zone)


def test_zones_of_pytz_are_taken_by_name() -> None:
    """One without a name (a fixed offset) is refused."""
    assert load_zone(NamedZone("Europe/Helsinki")) is load_zone("Europe/Helsinki")
    trigger = parse_trigger("cron", hour=9, timezone=NamedZone("Asia/Kathmandu"))
    assert trigger.as_dict()["timezone"] == "Asia/Kathmandu"
    for nameless in (NamedZone(None), UTC.__class__(timedelta(hours=1))):
        with pytest.raises(TriggerError, match="IANA"):
            load_zone(nameless)


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ({"type": "cron", "expression": "0 9 * * *"}, "Europe/Helsinki"),
        ({"type": "cron", "expression": "0 9 * * *", "timezone": None}, "Europe/Helsinki"),
        ({"type": "cron", "expression": "0 9 * * *", "timezone": "UTC"}, "UTC"),
        ({"type": "cron", "expression": "TZ=Asia/Kathmandu 0 9 * * *"}, "Asia/Kathmandu"),
        ({"type": "calendar", "days": 1}, "Europe/Helsinki"),
        ({"type": "interval", "days": 1}, "Europe/Helsinki"),
        ({"type": "date", "run_at": "2030-01-01T09:00"}, "Europe/Helsinki"),
        ({"type": "or", "triggers": [{"type": "calendar", "days": 1}]}, "Europe/Helsinki"),
    ],
    ids=str,
)
def test_a_default_zone_is_that_of_a_trigger_that_names_none(words: dict[str, Any], zone: str) -> None:
    """As if it had been said; what names one keeps it, and what is stored is complete."""
    trigger = parse_trigger(words, default_zone="Europe/Helsinki")
    assert trigger.zone.key == zone
    assert trigger.as_dict()["timezone"] == zone
    assert parse_trigger(trigger.as_dict(), default_zone="America/New_York") == trigger


def test_naive_times_are_meant_in_the_default_zone() -> None:
    """Without one they are refused."""
    words = {"type": "date", "run_at": "2030-01-01T09:00"}
    at_seven = datetime(2030, 1, 1, 7, tzinfo=UTC)
    assert parse_trigger(words, default_zone="Europe/Helsinki").next_after(None, NOW) == at_seven
    with pytest.raises(TriggerError, match="time zone"):
        parse_trigger(words)


def test_a_trigger_that_is_one_keeps_its_zone() -> None:
    """The default is for words."""
    made = parse_trigger("cron", expression="0 9 * * *")
    assert parse_trigger(made, default_zone="Europe/Helsinki") is made


def test_a_default_zone_that_is_none_is_refused() -> None:
    """As any other one."""
    with pytest.raises(TriggerError, match="Mars"):
        parse_trigger("cron", hour=9, default_zone="Mars")


@pytest.mark.parametrize(
    ("trigger", "word", "said"),
    [
        ("interval", "second", "did you mean seconds?"),
        ("cron", "minutes", "did you mean minute?"),
        ("cron", "crontab", "did you mean expression?"),
        ("interval", "start_date", "did you mean start_at?"),
        ("date", "run_date", "did you mean run_at?"),
        ("cron", "max_instances", "did you mean max_running?"),
        ("cron", "coalesce", "did you mean misfire?"),
        ("interval", "misfire_grace_time", "did you mean misfire_grace?"),
        ("interval", "max_runing", "did you mean max_running?"),
        ("interval", "kwargs", "did you mean args?"),
        ("interval", "jitter", "it goes beside the trigger"),
        ("date", "colour", "it takes run_at, timezone"),
        ("date", "start_at", "it takes run_at, timezone"),
    ],
)
def test_a_word_that_there_is_not(trigger: str, word: str, said: str) -> None:
    """Refused with the word that is meant, also by those who come from APScheduler."""
    with pytest.raises(TriggerError) as caught:
        parse_trigger({"type": trigger, word: 1})
    assert caught.value.field == word
    assert str(caught.value) == f"unknown for the {trigger} trigger: {said}"
