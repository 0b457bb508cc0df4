"""What a task takes: by annotations or a schema, at submission, at the run, and as JSON Schema."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import json
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Literal, NewType, Optional, TypeVar, Union
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate, validates
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from app.jobs.arguments.check import MAX_PROBLEMS, Arguments
from app.jobs.errors import InvalidArguments, TaskDefinitionError
from app.jobs.serialization.encoding import loads

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"
    TWO = 2
    DAY = date(2030, 1, 31)


class Mode(enum.StrEnum):
    FAST = "fast"


class Rights(enum.Flag):
    READ = 1


class Opaque(enum.Enum):
    THING = object()


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5
    when: datetime | None = None


@dataclasses.dataclass
class Tree:
    name: str
    children: list[Tree] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Range:
    first: int
    last: int
    size: int = dataclasses.field(init=False)
    unit: ClassVar[str] = "m"

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("first must not be after last")
        self.size = self.last - self.first


@dataclasses.dataclass
class Secretive:
    x: int
    key: dataclasses.InitVar[str]


@dataclasses.dataclass
class Odd:
    x: set[int]


@dataclasses.dataclass
class Lost:
    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


@dataclasses.dataclass
class Boxed(Generic[T]):
    x: T


class DataBase(MappedAsDataclass, DeclarativeBase):
    pass


class Row(DataBase):
    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)


class Movie(typing.TypedDict):
    name: str


class Coordinates(typing.NamedTuple):
    x: int


def takes(annotation: Any, *default: Any) -> Callable[..., None]:
    """A function of one argument `x`, so annotated."""

    def task(x: Any) -> None: ...

    task.__annotations__ = {"x": annotation}
    task.__defaults__ = default or None
    return task


def submitted(arguments: Arguments, **args: Any) -> dict[str, Any]:
    """What a task receives of what was submitted."""
    return arguments.load(loads(arguments.check(args)))


def problems(arguments: Arguments, args: dict[str, Any], where: str = "#/args") -> dict[str, str]:
    """What is wrong with `args`, by pointer."""
    with pytest.raises(InvalidArguments) as caught:
        arguments.check(args, where)
    return {error["pointer"]: error["detail"] for error in caught.value.errors}


ACCEPTED: list[tuple[Any, Any, Any]] = [
    (int, 3, 3),
    (int, 3.0, 3),
    (int, 10**30, 10**30),
    (float, 3, 3.0),
    (float, 0.1, 0.1),
    (str, "ü", "ü"),
    (str, Mode.FAST, "fast"),
    (bool, False, False),
    (None, None, None),
    (type(None), None, None),
    (Any, [1, {"a": None}], [1, {"a": None}]),
    (Any, None, None),
    (list, [1, "a", None], [1, "a", None]),
    (list[int], (1, 2.0), [1, 2]),
    (list[list[str]], [["a"], []], [["a"], []]),
    (typing.List[int], [1], [1]),  # noqa: UP006
    (dict, {"a": [1]}, {"a": [1]}),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (dict[str, Any], {"a": None}, {"a": None}),
    (tuple[int, ...], (1, 2), (1, 2)),
    (tuple, [1, "a"], (1, "a")),
    (Optional[int], None, None),  # noqa: UP045
    (int | None, 4, 4),
    (Union[int, str], "a", "a"),  # noqa: UP007
    (int | str | None, None, None),
    (float | int, 2**60 + 1, 2**60 + 1),
    (int | float, 3.0, 3.0),
    (date | str, "2030-01-31", date(2030, 1, 31)),
    (date | str, "soon", "soon"),
    (list[int] | int, [1], [1]),
    (Literal["a", 1, None], None, None),
    (Literal["a", 1], 1.0, 1),
    (Literal[True], True, True),
    (Literal[Mode.FAST], "fast", Mode.FAST),
    (Colour, Colour.RED, Colour.RED),
    (Colour, "red", Colour.RED),
    (Colour, 2, Colour.TWO),
    (Colour, "2030-01-31", Colour.DAY),
    (Mode | None, "fast", Mode.FAST),
    (date, "2030-01-31", date(2030, 1, 31)),
    (time, "09:30", time(9, 30)),
    (time, "09:30:00.5+01:00", time(9, 30, 0, 500_000, tzinfo=timezone(timedelta(hours=1)))),
    (datetime, "2030-01-31T09:00:00Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
    (datetime, "2030-01-31t09:00:00.123456789z", datetime(2030, 1, 31, 9, 0, 0, 123_456, tzinfo=UTC)),
    (datetime, "2030-01-31 09:00:00-05:00", datetime(2030, 1, 31, 14, tzinfo=UTC)),
    (UUID, UUID(int=7), UUID(int=7)),
    (UUID, "0190B5A0-0000-7000-8000-000000000000", UUID("0190b5a0-0000-7000-8000-000000000000")),
    (Decimal, "12.50", Decimal("12.50")),
    (Decimal, 3, Decimal(3)),
    (Decimal, 0.1, Decimal("0.1")),
    (Decimal, "-1e5", Decimal("-1E+5")),
    (Point, Point(1), Point(1)),
    (Point, {"x": 1, "y": 2}, Point(1, 2.0)),
    (Point | None, None, None),
    (Tree, Tree("a", [Tree("b", [Tree("c")])]), Tree("a", [Tree("b", [Tree("c")])])),
    (Range, Range(1, 3), Range(1, 3)),
    (list[Point], [Point(1), {"x": 2}], [Point(1), Point(2)]),
    (dict[str, Point | None], {"a": None, "b": Point(1)}, {"a": None, "b": Point(1)}),
    (Annotated[int, "metres"], 1, 1),
    (list[Annotated[int, "metres"]], [1], [1]),
    (UserId, 5, 5),
    ("int | None", None, None),
    ("list[Point]", [{"x": 1}], [Point(1)]),
    (list["Point"], [{"x": 1}], [Point(1)]),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), ACCEPTED)
def test_accepts(annotation: Any, value: Any, expected: Any) -> None:
    """Each understood annotation lets its values in, and the task receives what the annotation says."""
    loaded = submitted(Arguments.of(takes(annotation)), x=value)["x"]
    assert loaded == expected
    assert type(loaded) is type(expected)


MISFITS: list[tuple[Any, Any, str]] = [
    (int, True, "Must be an integer."),
    (int, "3", "Must be an integer."),
    (int, 1.7, "Must be an integer."),
    (int, None, "Must be an integer."),
    (int, [3], "Must be an integer."),
    (float, "1", "Must be a number."),
    (float, False, "Must be a number."),
    (float, 10**400, "Must be a number."),
    (str, 5, "Must be a string."),
    (str, None, "Must be a string."),
    (bool, 1, "Must be true or false."),
    (bool, "true", "Must be true or false."),
    (None, 0, "Must be null."),
    (list, {"a": 1}, "Must be a list."),
    (list, "abc", "Must be a list."),
    (dict, [], "Must be an object."),
    (tuple[int, ...], {}, "Must be a list."),
    (int | str, 1.5, "Must be an integer or a string."),
    (int | None, "x", "Must be an integer."),
    (Point | int, "x", "Must be an object or an integer."),
    (Literal["a", 1], True, 'Must be one of "a", 1.'),
    (Literal[True], 1, "Must be one of true."),
    (Literal["a"], None, 'Must be one of "a".'),
    (Literal["a"], ["a"], 'Must be one of "a".'),
    (Colour, "blue", 'Must be one of "red", 2, "2030-01-31".'),
    (Colour, "RED", 'Must be one of "red", 2, "2030-01-31".'),
    (date, "2030-02-30", "Must be a date such as 2030-01-31."),
    (date, "20300131", "Must be a date such as 2030-01-31."),
    (date, "2030-W05-4", "Must be a date such as 2030-01-31."),
    (date, "٢٠٣٠-٠١-٣١", "Must be a date such as 2030-01-31."),
    (date, 5, "Must be a date such as 2030-01-31."),
    (time, "25:00:00", "Must be a time such as 09:30:00."),
    (UUID, "{00000000-0000-0000-0000-000000000001}", "Must be a UUID."),
    (UUID, "00000000000000000000000000000001", "Must be a UUID."),
    (Decimal, "NaN", 'Must be a decimal such as "12.50".'),
    (Decimal, "1_000", 'Must be a decimal such as "12.50".'),
    (Decimal, " 1", 'Must be a decimal such as "12.50".'),
    (Decimal, "1e99999999999999999999", 'Must be a decimal such as "12.50".'),
    (Decimal, True, 'Must be a decimal such as "12.50".'),
    (Point, [], "Must be an object."),
    (Range, {"first": 3, "last": 1}, "first must not be after last"),
]
TIMES = "Must be a time with its offset, such as 2030-01-31T09:00:00Z."
MISFITS += [
    (datetime, text, TIMES)
    for text in (
        "2030-01-31T09:00:00",
        "2030-01-31",
        "2030-01-31T09:00Z",
        "20300131T090000Z",
        "2030-01-31T09:00:60Z",
        "2030-01-31T09:00:00+24:00",
        "0000-01-31T09:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "soon",
        1_700_000_000,
    )
]


@pytest.mark.parametrize(("annotation", "value", "detail"), MISFITS)
def test_refuses(annotation: Any, value: Any, detail: str) -> None:
    """What is only near the annotation is refused at submission, saying what it must be."""
    assert problems(Arguments.of(takes(annotation)), {"x": value}) == {"#/args/x": detail}


POINTERS: list[tuple[Any, Any, dict[str, str]]] = [
    (list[int], [1, "a", 2.5], {"/1": "Must be an integer.", "/2": "Must be an integer."}),
    (
        dict[str, int],
        {"a/b": "x", "c~d": "y"},
        {"/a~1b": "Must be an integer.", "/c~0d": "Must be an integer."},
    ),
    (
        dict[str, int],
        {"ü %": None, "value": None},
        {"/%C3%BC%20%25": "Must be an integer.", "/value": "Must be an integer."},
    ),
    (Point, {}, {"/x": "Missing data for required field."}),
    (Point, {"x": 1, "z": 1}, {"/z": "Unknown field."}),
    (list[Point], [{"x": 1}, {"x": "1"}], {"/1/x": "Must be an integer."}),
    (Point | int, {"x": "1"}, {"/x": "Must be an integer."}),
    (Point | list[int], {"x": "1"}, {"/x": "Must be an integer."}),
    (Point | Tree, {"x": "1"}, {"": "Must be an object or an object."}),
    (Tree, {"name": "a", "children": [{"name": 1}]}, {"/children/0/name": "Must be a string."}),
    (tuple[Point, ...], [{"x": 1}, 2], {"/1": "Must be an object."}),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), POINTERS)
def test_points_at_the_place(annotation: Any, value: Any, expected: dict[str, str]) -> None:
    """Each misfit has a JSON pointer as a fragment (RFC 6901) to the very value."""
    found = problems(Arguments.of(takes(annotation)), {"x": value})
    assert found == {f"#/args/x{pointer}": detail for pointer, detail in expected.items()}


def build(month: str, *, items: list[int] | None = None, limit: int = 5) -> None: ...


def test_missing_unknown_and_wrong_are_told_together() -> None:
    """One refusal names every argument that does not fit, below the pointer that was asked for."""
    found = problems(Arguments.of(build), {"items": [1, "a"], "extra": 1}, "#/jobs/3/args")
    assert found == {
        "#/jobs/3/args/month": "Missing data for required field.",
        "#/jobs/3/args/items/1": "Must be an integer.",
        "#/jobs/3/args/extra": "Unknown field.",
    }


def test_many_problems_are_cut() -> None:
    """A request of a thousand mistakes gets a hundred answers."""
    found = problems(Arguments.of(build), {f"unknown{index}": 1 for index in range(1000)})
    assert len(found) == MAX_PROBLEMS


def test_stores_what_was_given() -> None:
    """The text holds the arguments as given, without defaults and before any conversion."""
    arguments = Arguments.of(build)
    assert arguments.check({"month": "2030-01", "limit": 3.0}) == '{"month":"2030-01","limit":3.0}'
    assert submitted(arguments, month="x", limit=3.0) == {"month": "x", "limit": 3}


def test_defaults_stay_the_functions_own() -> None:
    """A parameter that was not given is not passed, and None is let in where it is the default."""
    assert submitted(Arguments.of(build), month="x") == {"month": "x"}
    assert submitted(Arguments.of(takes(int, None)), x=None) == {"x": None}
    assert Arguments.of(takes(int, object())).check({}) == "{}"


@pytest.mark.parametrize(
    ("value", "message", "pointer"),
    [
        ({1}, "args.x: set cannot be encoded as JSON: pass a list", "#/args/x"),
        ({"a": [0, b""]}, r"args\.x\.a\[1\]: bytes cannot be encoded", "#/args/x/a/1"),
        ("\ud800", "args.x: text with NUL or lone surrogates", "#/args/x"),
        ({"k~": "\0"}, r"args.x\['k~'\]: text with NUL", "#/args/x/k~0"),
    ],
)
def test_what_json_cannot_hold_is_a_type_error(value: Any, message: str, pointer: str) -> None:
    """It is a TypeError for who calls it from Python, and has a pointer for who sent it over HTTP."""
    with pytest.raises(TypeError, match=message) as caught:
        Arguments.of(takes(Any)).check({"x": value})
    assert isinstance(caught.value, InvalidArguments)
    assert [error["pointer"] for error in caught.value.errors] == [pointer]


def test_arguments_need_string_names() -> None:
    """A name that is no string is a TypeError like any other key."""
    with pytest.raises(TypeError, match="a key of type int"):
        Arguments.of(takes(Any)).check({1: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize("stored", [None, [], "x", 5, {}, {"y": 1}])
def test_load_refuses_what_does_not_fit_any_more(stored: Any) -> None:
    """Stored arguments of an older version of the task are refused as at submission."""
    with pytest.raises(InvalidArguments):
        Arguments.of(takes(int)).load(stored)


def further(first: int, **rest: int) -> None: ...


def anything(first: int, **rest: Any) -> None: ...


def test_further_names() -> None:
    """**kwargs lets further names in, and its annotation checks their values."""
    assert submitted(Arguments.of(further), first=1, b=2.0) == {"first": 1, "b": 2}
    assert submitted(Arguments.of(anything), first=1, b=["x"]) == {"first": 1, "b": ["x"]}
    assert problems(Arguments.of(further), {"first": 1, "b": "x"}) == {"#/args/b": "Must be an integer."}
    assert problems(Arguments.of(further), {"b": 1}) == {"#/args/first": "Missing data for required field."}


def names(
    fields: int, load: int, opts: int, many: int, unknown: int, data: int, key: int, value: int
) -> None: ...


def test_marshmallows_own_names_may_be_arguments() -> None:
    """A parameter may be called as a schema's attribute is."""
    given_ = dict.fromkeys(("fields", "load", "opts", "many", "unknown", "data", "key", "value"), 1)
    assert submitted(Arguments.of(names), **given_) == given_
    assert problems(Arguments.of(names), {**given_, "value": "x"}) == {"#/args/value": "Must be an integer."}


def by_place(first: int, /) -> None: ...


def by_place_too(*rest: int) -> None: ...


def ambiguous(Meta: int) -> None: ...


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (by_place, "by_place: parameter 'first' is given by position"),
    (by_place_too, "by_place_too: parameter 'rest' is given by position"),
    (ambiguous, "parameter 'Meta' has a name that marshmallow keeps"),
    (takes("Nowhere"), "parameter 'x' is annotated 'Nowhere', which cannot be resolved"),
    (takes("1 +"), "cannot be resolved"),
    (takes(Lost), "is the dataclass Lost, whose annotations cannot be resolved"),
    (takes(list[Secretive]), "is the dataclass Secretive, whose InitVar"),
    (takes(Odd), "parameter 'x', field Odd.x is annotated .*set"),
    (takes(Opaque), "whose values JSON cannot hold"),
    (takes(Literal[b"x"]), "whose values JSON cannot hold"),
    (takes(takes), "is annotated .* not understood"),
]
REFUSED += [
    (takes(annotation), "is annotated .* is not understood")
    for annotation in (
        set,
        set[int],
        bytes,
        object,
        complex,
        timedelta,
        Rights,
        Row,
        Movie,
        Coordinates,
        Sequence[int],
        Callable[[], int],
        T,
        Boxed[int],
        type[int],
        dict[int, str],
        dict[Any, str],
        tuple[int],
        tuple[int, str],
        list[set[int]],
        int | bytes,
        5,
        [int],
    )
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_refuses_to_define(function: Callable[..., Any], message: str) -> None:
    """What cannot be checked is refused, naming function and parameter, with schema= as a way out."""
    with pytest.raises(TaskDefinitionError, match=message) as caught:
        Arguments.of(function)
    assert "schema=" in str(caught.value)
    assert function.__qualname__ in str(caught.value)


def test_refuses_what_has_no_signature() -> None:
    """A builtin that does not tell its parameters needs a schema."""
    with pytest.raises(TaskDefinitionError, match="schema="):
        Arguments.of(dict)


def unfinished(x: Later) -> Unfindable:  # type: ignore[name-defined]  # noqa: F821
    ...


def test_annotations_may_be_defined_later() -> None:
    """A forward reference is resolved when the arguments are built, and the result's does not matter."""
    with pytest.raises(TaskDefinitionError, match="Later"):
        Arguments.of(unfinished)
    globals()["Later"] = int
    try:
        assert submitted(Arguments.of(unfinished), x=3) == {"x": 3}
    finally:
        del globals()["Later"]


class Callables:
    def method(self, x: Point) -> None: ...

    def __call__(self, x: Point) -> None: ...


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any: ...

    return inner


def two(x: Point, y: int) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        Callables().method,
        Callables(),
        wrapped(takes("Point")),
        wrapped(wrapped(takes(Point))),
        functools.partial(two, y=1),
    ],
)
def test_all_kinds_of_callables(function: Callable[..., Any]) -> None:
    """Methods, callable objects, decorated functions and partials are read like functions."""
    assert submitted(Arguments.of(function), x={"x": 1}) == {"x": Point(1)}


class ReportArgs(Schema):
    """A schema of a host's own, as loose as marshmallow is."""

    month = fields.String(required=True, validate=validate.Regexp(r"[0-9]{4}-[0-9]{2}"))
    copies = fields.Integer(load_default=1, validate=validate.Range(1, 9))
    limits = fields.Dict(fields.String(), fields.Integer())
    parts = fields.List(fields.Nested(lambda: ReportArgs(only=("copies",))))
    price = fields.Decimal(load_default=Decimal("1.5"))
    name = fields.String(data_key="displayName")

    @validates("copies")
    def check_copies(self, value: int, data_key: str) -> None:
        if value == 4:
            raise ValidationError("Four is unlucky.")


def report(**args: Any) -> None: ...


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


DESCRIBED: list[tuple[Any, dict[str, Any]]] = [
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (Any, {}),
    (int | None, {"type": ["integer", "null"]}),
    (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    (int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
    (Literal["a", 1], {"enum": ["a", 1]}),
    (Literal["a", None], {"enum": ["a", None]}),
    (Literal["a"] | None, {"enum": ["a", None]}),
    (Colour, {"enum": ["red", 2, "2030-01-31"]}),
    (Mode | None, {"enum": ["fast", None]}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string"}),
    (datetime | None, {"type": ["string", "null"], "format": "date-time"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (Decimal, {"type": ["string", "number"], "format": "decimal"}),
    (list, {"type": "array", "items": {}}),
    (list[int] | None, {"type": ["array", "null"], "items": {"type": "integer"}}),
    (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
    (dict[str, int | None], {"type": "object", "additionalProperties": {"type": ["integer", "null"]}}),
    (
        Point | None,
        {
            "type": ["object", "null"],
            "properties": {
                "x": {"type": "integer"},
                "y": {"type": "number", "default": 0.5},
                "when": {"type": ["string", "null"], "format": "date-time", "default": None},
            },
            "required": ["x"],
            "additionalProperties": False,
        },
    ),
    (
        Tree,
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    ),
]


@pytest.mark.parametrize(("annotation", "expected"), DESCRIBED)
def test_json_schema_of_annotations(annotation: Any, expected: dict[str, Any]) -> None:
    """Each annotation has its JSON Schema (2020-12, as in OpenAPI 3.1), nested ones inline."""
    assert Arguments.of(takes(annotation)).json_schema() == {
        "type": "object",
        "properties": {"x": expected},
        "required": ["x"],
        "additionalProperties": False,
    }


def test_json_schema_of_functions() -> None:
    """Defaults are shown where JSON can hold them, further names as additionalProperties."""

    def task(
        a: int = 1, b: Any = object, c: str | None = None, d: Mode = Mode.FAST, **rest: bool
    ) -> None: ...

    task.__annotations__ = {"a": int, "b": Any, "c": str | None, "d": Mode, "rest": bool}
    assert Arguments.of(task).json_schema() == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "default": 1},
            "b": {},
            "c": {"type": ["string", "null"], "default": None},
            "d": {"enum": ["fast"], "default": "fast"},
        },
        "additionalProperties": {"type": "boolean"},
    }
    assert Arguments.of(anything).json_schema()["additionalProperties"] == {}


def test_json_schema_of_a_schema_of_the_hosts() -> None:
    """A marshmallow schema is translated with its validators and data keys, to plain JSON."""
    shown = Arguments.of(report, ReportArgs).json_schema()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["required"] == ["month"]
    assert shown["properties"]["copies"] == {"type": "integer", "default": 1, "minimum": 1, "maximum": 9}
    assert shown["properties"]["price"] == {"type": "number", "default": 1.5}
    assert shown["properties"]["displayName"] == {"type": "string"}
    assert shown["properties"]["limits"] == {"type": "object", "additionalProperties": {"type": "integer"}}


class Endlessly(Schema):
    inner = fields.Nested("Endlessly")


class Unshowable(Schema):
    x = fields.Nested("NoSuchSchema")


def test_json_schema_of_odd_schemas() -> None:
    """A schema within itself ends as "an object", and one that cannot be shown says so."""
    assert Arguments.of(report, Endlessly).json_schema()["properties"] == {"inner": {"type": "object"}}
    assert "cannot be shown" in Arguments.of(report, Unshowable).json_schema()["description"]


def test_json_schema_is_the_callers_own() -> None:
    """Writing into what was returned changes nothing for the next caller."""
    arguments = Arguments.of(build)
    arguments.json_schema()["properties"].clear()
    assert list(arguments.json_schema()["properties"]) == ["month", "items", "limit"]


def test_deep_values_are_refused_not_fatal() -> None:
    """A tree of nearly a hundred levels loads; a deeper one is refused by the encoding."""
    arguments = Arguments.of(takes(Tree))
    tree: dict[str, Any] = {"name": "leaf"}
    for _ in range(48):
        tree = {"name": "branch", "children": [tree]}
    assert arguments.check({"x": tree})
    for _ in range(10):
        tree = {"name": "branch", "children": [tree]}
    with pytest.raises(TypeError, match="more than 100 levels"):
        arguments.check({"x": tree})


OFFSETS = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
STRATEGIES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (str, st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
    (bool | None, st.booleans() | st.none()),
    (datetime, st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS)),
    (date, st.dates()),
    (time, st.times()),
    (UUID, st.uuids()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (Colour, st.sampled_from(Colour)),
    (int | float | str, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("x")),
    (dict[str, tuple[int, ...]], st.dictionaries(st.sampled_from("abc"), st.lists(st.integers()).map(tuple))),
    (list[Point], st.lists(st.builds(Point, st.integers(), st.floats(-9, 9), st.none()), max_size=3)),
]


@pytest.mark.parametrize(("annotation", "values"), STRATEGIES)
def test_round_trip(annotation: Any, values: st.SearchStrategy[Any]) -> None:
    """What is submitted from Python as the annotation says arrives equal and of the same type."""
    arguments = Arguments.of(takes(annotation))

    @settings(max_examples=25, deadline=None, database=None)
    @given(values)
    def arrives(value: Any) -> None:
        loaded = submitted(arguments, x=value)["x"]
        assert loaded == value
        assert isinstance(loaded, type(value))

    arrives()


@settings(max_examples=60, deadline=None, database=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=4), st.lists, max_leaves=6))
def test_any_input_is_accepted_or_refused(value: Any) -> None:
    """No value makes a check fail otherwise than by InvalidArguments."""
    for arguments in EVERY:
        with contextlib.suppress(InvalidArguments):
            arguments.check({"x": value})


EVERY = [Arguments.of(takes(annotation)) for annotation, _ in DESCRIBED]
