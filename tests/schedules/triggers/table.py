"""Makes fire_times.json: rules × zones × changes of the clock, by brute force.

`python -m tests.schedules.triggers.table` writes it afresh; what changes then is to be understood before it
is kept.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .brute import fire_times

STORED = Path(__file__).with_name("fire_times.json")
KEPT = 8

# zone, wall time from which on to look, what happens, rules
CHANGES: list[tuple[str, str, str, list[str]]] = [
    ("America/New_York", "2026-03-07T12:00", "02:00 becomes 03:00", [
        "30 2 * * *", "0 2 * * *", "0 3 * * *", "0,30 2,3 * * *", "30 1-3 * * *", "*/30 1-3 * * *",
        "15 2 * * SUN", "30 * 8 3 *", "*/20 2 * * *", "0 0 * * *"]),
    ("America/New_York", "2026-10-31T22:30", "02:00 becomes 01:00", [
        "30 1 * * *", "0 1 * * *", "0 2 * * *", "0,30 0-2 * * *", "*/30 1 * * *", "30 * 1 11 *",
        "15 1 * * SUN", "59 0 1 11 *", "0 */2 * * *", "0 0 * * *"]),
    ("Europe/London", "2026-03-28T18:00", "01:00 becomes 02:00", [
        "30 1 * * *", "0 1 * * SUN#5", "*/15 1 * * 0", "0 */6 * * *", "30 0-2 * * *"]),
    ("Europe/London", "2026-10-24T18:00", "02:00 becomes 01:00", [
        "30 1 * * *", "0 1 * * SUN", "0 1,2 * * *", "*/30 0-2 * * 7", "30 * 25 10 *"]),
    ("Europe/Dublin", "2026-03-28T18:00", "01:00 becomes 02:00; winter is the exception there", [
        "30 1 * * *", "59 1 * * *", "*/20 1,2 * * *", "0 * 29 MAR *"]),
    ("Europe/Dublin", "2026-10-24T18:00", "02:00 becomes 01:00; winter is the exception there", [
        "30 1 * * *", "0 2 * * *", "*/20 1 * * *", "0 * 25 OCT *"]),
    ("Australia/Lord_Howe", "2026-10-03T18:00", "02:00 becomes 02:30", [
        "15 2 * * *", "0 2 * * *", "30 2 * * *", "15 * 4 10 *", "*/15 2 * * *", "0 * 4 10 *"]),
    ("Australia/Lord_Howe", "2026-04-04T18:00", "02:00 becomes 01:30", [
        "45 1 * * *", "30 1 * * *", "0 2 * * *", "45 * 5 4 *", "*/15 1 * * *", "0 * 5 4 *"]),
    ("Europe/Helsinki", "2026-03-28T18:00", "03:00 becomes 04:00", [
        "30 3 * * *", "0 9 * * MON-FRI", "0 3 L * *", "0 3 29 * *", "*/10 3 * * *", "45 2-4 * * *"]),
    ("Europe/Helsinki", "2026-10-24T18:00", "04:00 becomes 03:00", [
        "30 3 * * *", "0 9 * * MON-FRI", "0 4 * * *", "30 * 25 * *", "15,45 3 * * *"]),
    ("America/Sao_Paulo", "2018-11-03T12:00", "00:00 becomes 01:00", [
        "0 0 * * *", "30 0 * * *", "0 1 * * *", "0 * 4 11 *", "0 0 4 11 *"]),
    ("America/Sao_Paulo", "2019-02-16T20:00", "00:00 becomes 23:00 of the day before", [
        "0 0 * * *", "30 23 * * *", "*/30 23 * * *", "0 0 * * SUN", "30 * 16 2 *"]),
    ("Asia/Kathmandu", "1985-12-31T18:00", "00:00 becomes 00:15", [
        "0 0 * * *", "10 0 1 1 *", "*/15 0 * * *", "5 * 1 1 *"]),
    ("Asia/Kathmandu", "2026-03-01T00:00", "nothing: UTC+5:45", ["0 9 * * *", "*/20 * * * *"]),
    ("Pacific/Apia", "2011-12-28T12:00", "30 December is left out", [
        "0 9 * * *", "0 0 * * *", "0 0 30 12 *", "0 */8 * * *", "0 12 * * FRI", "30 9 L * *"]),
    ("Asia/Dhaka", "2009-12-31T20:00", "00:00 of the new year becomes 23:00 of the old one", [
        "30 23 * * *", "0 0 1 1 *", "30 * 31 12 *"]),
    ("Antarctica/Troll", "2026-03-28T18:00", "01:00 becomes 03:00", [
        "30 1 * * *", "30 1,2 * * *", "0 * 29 3 *"]),
    ("America/Recife", "2000-10-07T12:00", "00:00 becomes 01:00, and back a week later", [
        "30 0 * * *", "30 23 * * SAT"]),
    ("UTC", "2026-03-28T18:00", "nothing", ["30 1 * * *", "*/15 * * * *"]),
]  # fmt: skip

# zone, wall time from which on to look, days to look at, rule
CALENDAR: list[tuple[str, str, int, str]] = [
    ("UTC", "2026-01-01T00:00", 60, "0 0 13 * 5"),
    ("UTC", "2026-01-01T00:00", 200, "0 0 */10 * 1"),
    ("UTC", "2026-01-01T00:00", 200, "0 12 L * *"),
    ("UTC", "2026-01-01T00:00", 200, "0 12 LW * *"),
    ("Europe/Helsinki", "2026-01-01T00:00", 200, "0 12 * * 5L"),
    ("Europe/Helsinki", "2026-01-01T00:00", 330, "0 12 * * MON#5"),
    ("Europe/London", "2026-01-01T00:00", 90, "0 6 * * 0,7"),
    ("Asia/Kathmandu", "2023-01-01T00:00", 1900, "0 0 29 2 *"),
    ("Asia/Kathmandu", "2026-01-01T00:00", 800, "0 0 1 1 *"),
    ("America/New_York", "2026-01-01T00:00", 200, "30 17 15 JAN-JUN *"),
    ("UTC", "2026-01-30T00:00", 200, "0 0 31 * *"),
    ("UTC", "2026-01-01T00:00", 1, "5-20/5,50 10 * * *"),
    ("UTC", "2026-01-01T00:00", 1, "50/4 10 * * *"),
]


def rows() -> list[dict[str, Any]]:
    """All rows: `fires` are all those between `after` and `before`, as wall times with their offsets."""
    made = [
        _row(zone, begin, 9, expression, why) for zone, begin, why, rules in CHANGES for expression in rules
    ]
    return made + [
        _row(zone, begin, days, expression, "the calendar") for zone, begin, days, expression in CALENDAR
    ]


def _row(zone: str, begin: str, days: int, expression: str, why: str) -> dict[str, Any]:
    place = ZoneInfo(zone)
    after = datetime.fromisoformat(begin).replace(tzinfo=place)
    before = after.astimezone(UTC) + timedelta(days=days)
    found = fire_times(expression, zone, after.astimezone(UTC), before)[:KEPT]
    return {
        "zone": zone, "expression": expression, "why": why, "after": _text(after),
        "before": _text(before if len(found) < KEPT else found[-1] + timedelta(seconds=1)),
        "fires": [_text(moment.astimezone(place)) for moment in found],
    }  # fmt: skip


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


if __name__ == "__main__":
    text = ",\n".join(json.dumps(row) for row in rows())
    STORED.write_text(f"[\n{text}\n]\n")
