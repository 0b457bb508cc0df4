"""What a measurement gives: rows with a target, values measured for them, and the table that shows both."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: `what` is measured in `unit`; without a bound it is only reported."""

    name: str
    what: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """The bound in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:,g} {self.unit}"
        return "reported" if self.at_most is None else f"≤ {self.at_most:,g} {self.unit}"

    def is_met(self, value: float) -> bool | None:
        """Whether `value` is good enough; None where there is no bound."""
        if self.at_least is not None:
            return value >= self.at_least
        return None if self.at_most is None else value <= self.at_most


@dataclass(frozen=True, slots=True)
class Measured:
    """A value for the row of that name; `detail` says what it was made of."""

    name: str
    value: float
    detail: str = ""


HEAD = ("what", "measured", "target", "met?")
WIDTHS = (68, 14, 14, 4)


def head() -> str:
    """The first two lines of the table."""
    return f"{_line(HEAD)}\n{'-+-'.join('-' * width for width in WIDTHS)}"


def line(row: Row, measured: Measured) -> str:
    """One line of the table, and one for the detail."""
    met = {True: "yes", False: "NO", None: ""}[row.is_met(measured.value)]
    text = _line((row.what, f"{show(measured.value)} {row.unit}", row.target, met))
    return f"{text}\n    {measured.detail}" if measured.detail else text


def show(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def middle(values: Iterable[float]) -> float:
    """The median: one disturbed round changes nothing."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _line(cells: Sequence[str]) -> str:
    return " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
