"""Which jobs of a task are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import Schema, fields

from app.jobs import InvalidArguments
from app.jobs.errors import TaskDefinitionError
from app.jobs.tasks.registry import TaskDefinition


def report(tenant: str, month: int = 1, rows: Any = None) -> None:
    """A task."""


def key(unique: Any, **args: Any) -> str | None:
    """The key of a job with these arguments."""
    made = TaskDefinition("report", report, {"unique": unique}).uniqueness
    assert made is not None
    return made.key(json.dumps(args), "#")


def test_all_arguments_are_compared_as_the_task_has_them() -> None:
    """In any order, 3.0 as 3, and what is not given as its default; anything else is another job."""
    first = key(True, tenant="a", month=1)
    assert first == key(True, month=1.0, tenant="a") == key(True, tenant="a", rows=None)
    others: list[dict[str, Any]] = [{"tenant": "b"}, {"tenant": "a", "month": 2}, {"tenant": "a", "rows": []}]
    assert len({first, *(key(True, **args) for args in others)}) == 4


@pytest.mark.parametrize("unique", ["tenant", ("tenant", "month")])
def test_only_the_named_arguments_are_compared(unique: Any) -> None:
    """The rest may differ; two arguments are not one with the text of both."""
    assert key(unique, tenant="a", rows=[1]) == key(unique, tenant="a", rows=[2])
    assert key(unique, tenant="a", month=2) != key(unique, tenant="b", month=2)
    assert (key(unique, tenant="a", month=2) == key(unique, tenant="a", month=3)) == (unique == "tenant")


def test_a_key_of_arguments_shows_none_of_them() -> None:
    """A secret may be among them, and they may be long."""
    assert key(True, tenant="s3cret" * 1_000) != key(True, tenant="s3cret" * 1_001)
    assert "s3cret" not in str(key("tenant", tenant="s3cret"))
    assert len(str(key(True, tenant="a" * 10_000))) < 100


def test_a_callable_says_it() -> None:
    """It takes the arguments as a dict, defaults included; None is a job that is not unique."""

    def of(args: Mapping[str, Any]) -> str | None:
        return f"{args['tenant']}:{args['month']}" if args["tenant"] else None

    assert key(of, tenant="a") == "a:1"
    assert key(of, tenant="") is None


@pytest.mark.parametrize("returned", ["", 5, "x" * 256, "a\0b"])
def test_what_is_no_key_is_refused(returned: Any) -> None:
    """At the submission, saying what a key is."""
    with pytest.raises(InvalidArguments, match="unique= of the task must return a text of 1 to 255"):
        key(lambda args: returned, tenant="a")


def test_a_callable_that_raises_refuses_the_job() -> None:
    """With what it raised: also a schedule records that, and goes on."""
    with pytest.raises(InvalidArguments, match=r"#/args: unique= of the task raised KeyError\('nobody'\)"):
        key(lambda args: str(args["nobody"]), tenant="a")


def test_a_name_that_the_task_does_not_take_is_refused() -> None:
    """By its signature or its schema, naming the task; with **kwargs any name is fine."""

    class Args(Schema):
        tenant = fields.String(data_key="the-tenant")

    def anything(**kwargs: Any) -> None: ...

    assert TaskDefinition("t", anything, {"unique": "tennant"}).uniqueness is not None
    assert TaskDefinition("t", report, {"unique": "the-tenant", "schema": Args}).uniqueness is not None
    for wrong in ({"unique": "tennant"}, {"unique": ("tenant", "x")}, {"unique": "tenant", "schema": Args}):
        with pytest.raises(TaskDefinitionError, match=r"task 't' .*unique names an argument that"):
            TaskDefinition("t", report, wrong).uniqueness  # noqa: B018 - built for its errors
