"""Bars of ended jobs over time, as the numbers that an SVG is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 960
HEIGHT: Final = 140
STATES: Final = ("failed", "cancelled", "succeeded")
"""From the bottom of a bar up."""
GAP: Final = 0.2
"""The part of a step that is left empty."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of a bar: the jobs of one state that ended in one step."""

    state: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, the buckets that they stand for, and the number at the top of the scale."""

    bars: list[tuple[Any, list[Rect]]]
    top: int

    @property
    def step_width(self) -> float:
        """How wide a step is."""
        return WIDTH / max(1, len(self.bars))


def chart_of(buckets: Sequence[Any]) -> Chart:
    """A bar for each bucket of a throughput."""
    most = max((sum(getattr(each, state) for state in STATES) for each in buckets), default=0)
    top = _round_up(most)
    step = WIDTH / max(1, len(buckets))
    return Chart([(each, _bar(each, number * step, step, top)) for number, each in enumerate(buckets)], top)


def _bar(bucket: Any, x: float, step: float, top: int) -> list[Rect]:
    rects, y = [], float(HEIGHT)
    for state in STATES:
        if count := getattr(bucket, state):
            # Never thinner than a pixel: one failure among a million is to be seen.
            height = max(1.5, HEIGHT * count / top)
            y = max(0.0, y - height)
            rects.append(
                Rect(
                    state,
                    round(x + step * GAP / 2, 2),
                    round(y, 2),
                    round(step * (1 - GAP), 2),
                    round(height, 2),
                )
            )
    return rects


def _round_up(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    scale = 1
    while True:
        for factor in (1, 2, 5):
            if most <= factor * scale:
                return factor * scale
        scale *= 10
