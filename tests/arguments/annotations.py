"""What the tests of arguments annotate, and what becomes of arguments that are annotated so."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pytest
from marshmallow import Schema, ValidationError, fields, validate, validates
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from app.jobs.arguments.check import Arguments
from app.jobs.errors import InvalidArguments
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


class FakeDatetimeMeta(type):
    """As freezegun's: the real class counts as a subclass of the fake one."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, datetime)


class FakeDatetime(datetime, metaclass=FakeDatetimeMeta):
    """What stands in the place of datetime while a test freezes the time."""


class Stamp(datetime):
    """A subclass, which is not what a task would get."""


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


def build(month: str, *, items: list[int] | None = None, limit: int = 5) -> None: ...


def anything(first: int, **rest: Any) -> None: ...


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
    (timedelta | None, {"type": ["number", "null"]}),
    (FakeDatetime, {"type": "string", "format": "date-time"}),
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
