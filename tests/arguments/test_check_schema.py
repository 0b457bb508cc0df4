"""A marshmallow schema of the host's in place of the signature."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load

from app.jobs.arguments.check import Arguments
from app.jobs.errors import TaskDefinitionError
from app.jobs.serialization.encoding import loads

from .annotations import Point, ReportArgs, problems, report


@pytest.mark.parametrize("schema", [ReportArgs, ReportArgs()])
def test_a_schema_of_the_hosts(schema: Any) -> None:
    """A marshmallow schema, class or instance, decides in the signature's stead."""
    arguments = Arguments.of(report, schema)
    text = arguments.check({"month": "2030-01", "copies": "2", "displayName": "x"})
    assert text == '{"month":"2030-01","copies":"2","displayName":"x"}'
    assert arguments.load(loads(text)) == {
        "month": "2030-01",
        "copies": 2,
        "name": "x",
        "price": Decimal("1.5"),
    }


def test_errors_of_a_schema_of_the_hosts() -> None:
    """Its messages keep their places: validators, nested schemas, data keys and the values of a Dict."""
    found = problems(
        Arguments.of(report, ReportArgs),
        {
            "month": "x",
            "copies": 4,
            "limits": {"a": "x", "b": 1},
            "parts": [{}, {"copies": 10}],
            "displayName": 1,
        },
    )
    assert found == {
        "#/args/month": "String does not match expected pattern.",
        "#/args/copies": "Four is unlucky.",
        "#/args/limits/a": "Not a valid integer.",
        "#/args/parts/1/copies": "Must be greater than or equal to 1 and less than or equal to 9.",
        "#/args/displayName": "Not a valid string.",
    }


class Changing(Schema):
    x = fields.Integer()

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def change(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        data["x"] = 99
        return data


def test_a_schema_cannot_change_what_is_stored() -> None:
    """A pre_load that writes into its input does not reach the stored text."""
    assert Arguments.of(report, Changing).check({"x": 1, "more": 2}) == '{"x":1,"more":2}'


class Whole(Schema):
    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> Point:
        return Point(1)


class Complaining(Schema):
    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> Point:
        raise ValidationError("Not today.")


class Failing(Schema):
    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> Point:
        raise ZeroDivisionError


class Endless(Schema):
    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> Any:
        return self.load(data)


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        (Whole, "The schema loads Point, but a task takes a dict of arguments."),
        (Complaining, "Not today."),
        (Endless, "Nested too deeply."),
    ],
)
def test_schemas_that_will_not_load(schema: type[Schema], detail: str) -> None:
    """What a schema refuses as a whole stands at the arguments themselves."""
    assert problems(Arguments.of(report, schema), {}) == {"#/args": detail}


def test_bugs_of_a_schema_are_not_the_clients() -> None:
    """An exception that is no ValidationError is passed on."""
    with pytest.raises(ZeroDivisionError):
        Arguments.of(report, Failing).check({})


@pytest.mark.parametrize("schema", [ReportArgs(many=True), dict, "ReportArgs", fields.Integer()])
def test_refuses_what_is_no_schema(schema: Any) -> None:
    """schema= takes a marshmallow schema of one object."""
    with pytest.raises(TaskDefinitionError, match="schema= takes a marshmallow Schema"):
        Arguments.of(report, schema)
