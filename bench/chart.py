"""Draws a small line chart as SVG, with nothing but text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from .table import show

WIDTH: Final = 560
HEIGHT: Final = 260
LEFT: Final = 64
RIGHT: Final = 44
TOP: Final = 56
BOTTOM: Final = 44
COLOURS: Final = ("#2563eb", "#d97706", "#059669", "#7c3aed")
STYLE: Final = "font: 12px system-ui, sans-serif"

Series = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a common x axis, whose places are the x values that there are, evenly spaced."""

    title: str
    across: str
    series: Series

    def svg(self) -> str:
        """The drawing. It has a background of its own, so that it reads on dark pages too."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ffffff"/>',
            _text(LEFT, 20, self.title, weight=600),
            *self._legend(),
            *self._grid(),
            *self._places(),
            *(
                line
                for colour, points in zip(COLOURS, self.series.values(), strict=False)
                for line in self._line(colour, points)
            ),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def in_words(self) -> str:
        """The points, a line for each series."""
        return "\n".join(
            f"  {name or self.title}: " + ", ".join(f"{show(y)} at {x:,.0f}" for x, y in points)
            for name, points in self.series.items()
        )

    @property
    def _xs(self) -> list[float]:
        return sorted({x for points in self.series.values() for x, _ in points})

    @property
    def _step(self) -> float:
        """The distance of two lines of the grid: 1, 2 or 5 times a power of ten, four of them or more."""
        most = max(y for points in self.series.values() for _, y in points) or 1.0
        power = 10.0 ** math.floor(math.log10(most / 4))
        return max(power * factor for factor in (1, 2, 5) if power * factor <= most / 4)

    @property
    def _top(self) -> float:
        most = max(y for points in self.series.values() for _, y in points) or 1.0
        return self._step * math.ceil(most / self._step)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        place = self._xs.index(x) / max(1, len(self._xs) - 1)
        return round(LEFT + wide * place, 1), round(HEIGHT - BOTTOM - high * y / self._top, 1)

    def _legend(self) -> list[str]:
        parts, x = [], float(LEFT)
        for colour, name in zip(COLOURS, filter(None, self.series), strict=False):
            parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>')
            parts.append(_text(x + 15, 41, name))
            x += 40 + 6.5 * len(name)
        return parts

    def _grid(self) -> list[str]:
        parts = []
        for number in range(round(self._top / self._step) + 1):
            y = self._at(self._xs[0], number * self._step)[1]
            parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
            parts.append(_text(LEFT - 8, y + 4, f"{number * self._step:,g}", anchor="end"))
        return parts

    def _places(self) -> list[str]:
        marks = [
            _text(self._at(x, 0)[0], HEIGHT - BOTTOM + 18, f"{x:,.0f}", anchor="middle") for x in self._xs
        ]
        return [*marks, _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.across, anchor="middle")]

    def _line(self, colour: str, points: Sequence[tuple[float, float]]) -> list[str]:
        places = [self._at(x, y) for x, y in points]
        path = "M" + "L".join(f"{x} {y}" for x, y in places)
        dots = [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in places]
        return [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def _text(x: float, y: float, text: str, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" fill="#374151">'
        f"{escape(text)}</text>"
    )
