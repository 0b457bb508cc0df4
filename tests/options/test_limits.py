"""What a limit may be, and what jobs under one have in common."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, fields

from app.jobs import Simmer, TaskDefinitionError
from app.jobs.options.limits import CONCURRENCY_RULE, RATE_RULE, Limit, read_limit


class Order(Schema):
    """With a name of its own in JSON."""

    shop = fields.String(data_key="tenant")


@pytest.mark.parametrize("value", [1, 1_000_000, (2, "tenant"), [2, "tenant"]])
def test_a_concurrency_is_a_number_or_that_for_an_argument(value: Any) -> None:
    """As JSON too."""
    assert CONCURRENCY_RULE.fits(value)
    assert read_limit(value) in (Limit(1), Limit(1_000_000), Limit(2, "tenant"))


@pytest.mark.parametrize(
    "value", [0, -1, True, 1.5, "2", (0, "tenant"), (2, ""), (2, 3), (2,), ("tenant", 2), (2, "a", "b"), {}]
)
def test_anything_else_is_no_concurrency(value: Any) -> None:
    """It is refused where the task is defined."""
    assert not CONCURRENCY_RULE.fits(value)
    with pytest.raises(TaskDefinitionError, match="concurrency must be a whole number"):
        Simmer().task("add", concurrency=value)(lambda tenant: None)


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        ("5/s", Limit(5, None, 1)), ("100/m", Limit(100, None, 60)), ("1/h", Limit(1, None, 3_600)),
        ("7/d", Limit(7, None, 86_400)), (("5/s", "tenant"), Limit(5, "tenant", 1)),
    ],
)  # fmt: skip
def test_a_rate_is_a_number_in_a_unit_of_time(value: Any, limit: Limit) -> None:
    """It says the same when it is shown."""
    assert RATE_RULE.fits(value)
    assert read_limit(value) == limit
    assert limit.text == (value if isinstance(value, str) else value[0])


@pytest.mark.parametrize(
    "value", ["0/s", "5", "5/", "5/w", "5 /s", "-1/s", "1.5/s", "5/s ", 5, ("5/s", ""), "٣/s", "99999999/s"]
)
def test_anything_else_is_no_rate(value: Any) -> None:
    """It is refused where the task is defined."""
    assert not RATE_RULE.fits(value)
    with pytest.raises(TaskDefinitionError, match="rate must be a number of claims"):
        Simmer().task("add", rate=value)(lambda tenant: None)


def test_the_argument_must_be_one_of_the_tasks() -> None:
    """By its signature, or by its schema; a task with further arguments may have it."""
    jobs = Simmer()
    for option in ({"concurrency": (2, "tenat")}, {"rate": ("5/s", "tenat")}):
        with pytest.raises(TaskDefinitionError, match="'tenat', which the task does not take"):
            jobs.task("add", **option)(lambda tenant: None)
    jobs.task("open", concurrency=(2, "anything"))(lambda **args: None)
    jobs.task("order", schema=Order, rate=("5/s", "tenant"))(lambda shop: None)
    with pytest.raises(TaskDefinitionError, match="'shop', which the task does not take"):
        jobs.task("other", schema=Order(), rate=("5/s", "shop"))(lambda shop: None)


def test_a_key_tells_values_apart() -> None:
    """As JSON has them: 3.0 is 3, "3" is not; a long one is a digest; a rate has another key."""
    limit = Limit(2, "tenant")
    assert limit.key("task add", {"tenant": 3.0}) == limit.key("task add", {"tenant": 3}) == "task add: 3"
    assert limit.key("task add", {"tenant": "3"}) == 'task add: "3"'
    assert limit.key("task add", {}, "x") == limit.key("task add", {"tenant": "x"})
    assert limit.key("task add", {"tenant": {"b": 1, "a": 2}}) == 'task add: {"a": 2, "b": 1}'
    long = limit.key("task add", {"tenant": "x" * 5_000})
    assert len(long) < 100
    assert long != limit.key("task add", {"tenant": "x" * 5_001})
    assert Limit(2, None, 1).key("task add", {}) == "rate of task add"
    assert Limit(2).key("task add", {}) == "task add"
