"""Values of all kinds that a host may give to a task or return from one."""

from __future__ import annotations

import dataclasses
import enum
from collections import namedtuple
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column


class Colour(enum.Enum):
    RED = "red"
    STAMP = date(2030, 1, 31)


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    FAST = "fast"


class Shouting(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "HOSTILE"


class Odd(int):
    def __repr__(self) -> str:
        return "odd"


class Half(float):
    def __repr__(self) -> str:
        return "half"


Pair = namedtuple("Pair", "left right")


@dataclasses.dataclass
class Point:
    x: int
    label: Mode = Mode.FAST
    around: list[Point] = dataclasses.field(default_factory=list)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)


class DataBase(MappedAsDataclass, DeclarativeBase):
    pass


class Row(DataBase):
    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)


class Proxy:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return dict


class BrokenZone(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise RuntimeError("no offset today")

    dst = tzname = utcoffset  # type: ignore[assignment]


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def incomplete() -> Point:
    point = Point(1)
    del point.x
    return point


def cycle() -> list[Any]:
    value: list[Any] = [1]
    value.append({"again": value})
    return value


def numbers() -> Iterator[int]:
    yield 1
