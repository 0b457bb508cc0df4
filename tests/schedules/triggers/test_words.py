"""APScheduler's field names keep their meaning."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.jobs.schedules.triggers import parse_trigger
from app.jobs.schedules.triggers.cron import CronTrigger
from app.jobs.schedules.triggers.words import translate, word

TABLE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("apscheduler.json").read_text())
"""What APScheduler 3.11.3 itself answered, in UTC: up to five fire times after a moment."""


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["words"]))
def test_its_rules_fire_when_it_would_fire_them(row: dict[str, Any]) -> None:
    """The fire times of the translation are those that it gives."""
    trigger = parse_trigger({"type": "cron", **row["words"]})
    moment = datetime.fromisoformat(row["after"])
    for text in row["fires"]:
        found = trigger.next_after(moment, moment)
        assert found == datetime.fromisoformat(text)
        moment = found
    if len(row["fires"]) < 5:
        assert trigger.next_after(moment, moment) is None


@pytest.mark.parametrize(
    ("words", "expression", "filters"),
    [
        ({"hour": 9, "day_of_week": "mon-fri"}, "0 0 9 * * 1,2,3,4,5", {}),
        ({"day_of_week": "sun"}, "0 0 0 * * 7", {}),
        ({"minute": "*/5"}, "0 */5 * * * *", {}),
        ({"second": 30}, "30 * * * * *", {}),
        ({"hour": "*", "second": 0}, "0 * * * * *", {}),
        ({"month": "jan-mar", "day": "last"}, "0 0 0 L JAN-MAR *", {}),
        ({"day": "2nd fri"}, "0 0 0 * * 5#2", {}),
        ({"day": "last sun"}, "0 0 0 * * 0L", {}),
        ({"day": "15,last fri"}, "0 0 0 15 * 5L", {}),
        ({"day": "*/2,last fri"}, "0 0 0 1-31/2 * 5L", {}),
        ({"day": "*/2", "day_of_week": "mon"}, "0 0 0 */2 * 1", {}),
        ({"day": 13, "day_of_week": "fri"}, "0 0 0 13 * *", {"weekdays": {4}}),
        ({"day": 13, "day_of_week": "0-6"}, "0 0 0 13 * *", {}),
        ({"day": "*, 1st mon"}, "0 0 0 * * *", {}),
        (
            {"year": "2030,2032", "week": "1-3"},
            "0 0 0 * * *",
            {"years": (range(2030, 2031), range(2032, 2033)), "weeks": {1, 2, 3}},
        ),
        ({"year": 2030}, "0 0 0 1 1 *", {"years": (range(2030, 2031),)}),
    ],
)
def test_the_translation(words: dict[str, Any], expression: str, filters: dict[str, Any]) -> None:
    """An expression with seconds first, a filter for what it cannot say; finer fields begin at the least."""
    made = translate({name: word(name, value) for name, value in words.items()})
    assert made.expression == expression
    assert {
        name: getattr(made, name) for name in ("years", "weeks", "weekdays") if getattr(made, name)
    } == filters


def test_it_stays_as_it_was_given() -> None:
    """The fields come back as text, the expression and its aliases as they were."""
    trigger = parse_trigger("cron", hour=9, day_of_week=" Mon-Fri ", timezone="Europe/Helsinki")
    expected = {"type": "cron", "day_of_week": "mon-fri", "hour": "9", "timezone": "Europe/Helsinki"}
    assert trigger.as_dict() == expected
    assert CronTrigger("@Daily").as_dict() == {"type": "cron", "expression": "@Daily", "timezone": "UTC"}
    assert CronTrigger(" 0  9 * * * ").expression == "0 9 * * *"


@pytest.mark.parametrize(
    ("alias", "expression"),
    [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * SUN"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@HOURLY", "0 * * * *"),
        ("2-2/3 5-05/2 * * *", "2 5 * * *"),
    ],
)  # fmt: skip
def test_two_ways_to_say_the_same(alias: str, expression: str) -> None:
    """The aliases, and a range of one value, whose steps lead nowhere."""
    start = datetime.fromisoformat("2026-11-20T10:00:00Z")
    one, other = CronTrigger(alias), CronTrigger(expression)
    for _ in range(3):
        found = one.next_after(start, start)
        assert found is not None
        assert found == other.next_after(start, start)
        start = found
