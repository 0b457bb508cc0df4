"""The words of schedules as type checkers know them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from app.jobs.schedules.keywords import (
    CalendarWords,
    CronWords,
    DateWords,
    IntervalWords,
    OrWords,
    PolicyWords,
)
from app.jobs.schedules.policy import Policy
from app.jobs.schedules.triggers.parse import TYPES

TYPED: dict[str, Any] = {
    "interval": IntervalWords, "cron": CronWords, "date": DateWords, "calendar": CalendarWords, "or": OrWords,
}  # fmt: skip


def test_the_words_of_policies_are_those_of_the_policy() -> None:
    """None is missing, and none is more."""
    assert PolicyWords.__annotations__.keys() == set(Policy.field_names())


@pytest.mark.parametrize("name", TYPES)
def test_the_words_of_a_trigger_are_those_that_it_takes(name: str) -> None:
    """Each with the policies beside them."""
    taken = {field.name for field in fields(TYPES[name]) if field.init}
    assert TYPED[name].__annotations__.keys() == taken | set(Policy.field_names())
