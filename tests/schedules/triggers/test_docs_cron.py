"""docs/cron.md is true: its code runs, each expression means what stands beside it, each refusal is one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.jobs import Simmer
from app.jobs.schedules.triggers import Trigger, TriggerError, parse_trigger
from app.jobs.schedules.triggers.cron_expression import ALIASES
from app.jobs.schedules.triggers.describe import describe
from app.jobs.schedules.triggers.parse import TYPES

PAGE = (Path(__file__).parents[3] / "docs" / "cron.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+?`) \| (.+?) \|$", PAGE, flags=re.MULTILINE)
MEANT = [(rule.strip("`"), words) for rule, words in ROWS if words[0] in "AE"]
REFUSED = [(rule.strip("`"), words.strip("`")) for rule, words in ROWS if words[0] not in "AE"]


def python_blocks() -> dict[str, Any]:
    """The names that the Python blocks define, run in order as one module."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
    names: dict[str, Any] = {}
    exec(compile(code, "cron.md", "exec"), names)
    return names


def next_local(trigger: Trigger, after: str, count: int = 1) -> list[str]:
    """Local fire times after a local moment."""
    moment = datetime.fromisoformat(after).replace(tzinfo=trigger.zone).astimezone(UTC)
    found = []
    for _ in range(count):
        moment = trigger.next_after(moment, moment) or moment
        found.append(moment.astimezone(trigger.zone).isoformat(" ", "minutes"))
    return found


def test_the_page_is_read() -> None:
    """The patterns above find its tables and blocks."""
    assert (len(MEANT), len(REFUSED)) == (21, 6)


def test_the_python_blocks_declare_their_schedules() -> None:
    """Each under its id, with the trigger that the text around it speaks of."""
    jobs = python_blocks()["jobs"]
    assert isinstance(jobs, Simmer)
    declared = {each.id: describe(each.trigger) for each in jobs.registry.declarations.values()}
    assert declared == {
        "digest": "At 09:00, Monday to Friday (Europe/Helsinki)",
        "statement": "Every 2 months on day 31 at 09:00, in months that have it, from 2026-01-31 (UTC)",
        "refresh": "Every 5 minutes",
        "sync": "Every 1 hour and 30 minutes",
    }


@pytest.mark.parametrize(("rule", "words"), MEANT, ids=[rule for rule, _ in MEANT])
def test_each_expression_means_what_stands_beside_it(rule: str, words: str) -> None:
    """In the words of a preview."""
    assert describe(parse_trigger("cron", expression=rule)) == f"{words} (UTC)"


@pytest.mark.parametrize(("rule", "form"), REFUSED, ids=[rule for rule, _ in REFUSED])
def test_each_refusal_names_the_form_that_works(rule: str, form: str) -> None:
    """The message has it, and it is a trigger by itself or as that field."""
    with pytest.raises(TriggerError) as caught:
        parse_trigger("cron", expression=rule)
    if form == "a date that comes":
        assert "never comes" in str(caught.value)
        return
    assert form in str(caught.value)
    if form.startswith("{"):
        parse_trigger(json.loads(form))
    elif form.startswith("@"):
        parse_trigger("cron", expression=form)
    else:
        parse_trigger("cron", expression=f"0 0 {form} * *" if form.startswith("L") else f"0 0 * * {form}")


def test_the_dicts_are_triggers() -> None:
    """Friday the 13th, the zone in front, every second week, two rules in one."""
    names, given = python_blocks(), ("friday_the_13th", "at_nine", "every_second_monday", "nine_or_noon")
    friday, prefixed, fortnight, both = (parse_trigger(names[name]) for name in given)
    assert next_local(friday, "2026-01-01T00:00", 3) == [
        "2026-02-13 00:00+00:00", "2026-03-13 00:00+00:00", "2026-11-13 00:00+00:00",
    ]  # fmt: skip
    assert prefixed.as_dict() == {"type": "cron", "expression": "0 9 * * *", "timezone": "Europe/Helsinki"}
    assert next_local(fortnight, "2026-10-12T10:00", 2) == [
        "2026-10-26 09:00+02:00",
        "2026-11-09 09:00+02:00",
    ]
    assert next_local(both, "2026-10-23T10:00", 2) == ["2026-10-24 12:00+03:00", "2026-10-26 09:00+02:00"]


def test_the_table_of_changing_clocks() -> None:
    """A fixed rule fires once on both days, a following one never and twice."""
    fixed, following = (
        parse_trigger("cron", expression=rule, timezone="Europe/Helsinki")
        for rule in ("30 3 * * *", "30 * * * *")
    )
    assert next_local(fixed, "2026-03-28T04:00") == ["2026-03-29 04:00+03:00"]
    assert next_local(following, "2026-03-29T01:45", 2) == [
        "2026-03-29 02:30+02:00",
        "2026-03-29 04:30+03:00",
    ]
    assert next_local(fixed, "2026-10-24T04:00", 2) == ["2026-10-25 03:30+03:00", "2026-10-26 03:30+02:00"]
    assert next_local(following, "2026-10-25T02:45", 2) == [
        "2026-10-25 03:30+03:00",
        "2026-10-25 03:30+02:00",
    ]


def test_the_traps_are_as_told() -> None:
    """Weekday 1 is Monday, seconds come first, 6L is a Saturday, the fields count from Monday."""
    assert describe(parse_trigger("cron", expression="0 9 * * 1")).startswith("At 09:00, Monday")
    assert describe(parse_trigger("cron", hour=9, day_of_week=1)).startswith("At 09:00, Tuesday")
    assert describe(parse_trigger("cron", expression="*/10 * * * * *")).startswith("Every 10 seconds")
    assert "last Saturday" in describe(parse_trigger("cron", expression="0 9 * * 6L"))
    assert describe(parse_trigger(timedelta(minutes=5))) == "Every 5 minutes"
    saturday = parse_trigger("cron", expression="0 0 1W 8 *")
    assert next_local(saturday, "2026-07-01T00:00") == ["2026-08-03 00:00+00:00"]


def test_every_alias_and_every_kind_is_documented() -> None:
    """What is understood stands on the page."""
    assert [word for word in (*ALIASES, "@every ", *TYPES) if word not in PAGE] == []
