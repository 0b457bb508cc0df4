"""Records that the tests of arguments annotate: TypedDicts and NamedTuples."""

from __future__ import annotations

import typing
from collections import namedtuple
from typing import Annotated

import typing_extensions

from .annotations import Point


class Movie(typing.TypedDict):
    name: str


class Film(Movie, total=False):
    """Annotated by strings, as this whole module is."""

    year: int
    cast: typing.Required[list[str]]
    sequel: Film | None


class Show(typing.TypedDict):
    title: str
    seasons: Annotated[typing.NotRequired[int], "counted"]


class OldShow(typing_extensions.TypedDict):
    title: typing_extensions.NotRequired[str]


class Coordinates(typing.NamedTuple):
    x: int
    y: float = 0.5
    point: Point | None = None


class Endless(typing.NamedTuple):
    inner: list[Endless]


Pair = namedtuple("Pair", "left right")
