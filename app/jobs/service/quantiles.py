"""Percentiles, estimated from histograms."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..store.counters import BEYOND, BOUNDS
from .overview_values import Quantiles

_UPPER: Final = {**{round(1_000 * bound): float(bound) for bound in BOUNDS}, BEYOND: math.inf}
_LOWER: Final = dict(zip(_UPPER, (0.0, *BOUNDS), strict=True))
"""The bounds of each bucket in seconds."""


def quantiles(rows: Iterable[Any]) -> Quantiles:
    """The percentiles of a histogram, of whose buckets the rows have `bucket`, `count` and `seconds`."""
    found = sorted(rows, key=lambda row: row.bucket)
    count = sum(row.count for row in found)
    return Quantiles(count=count, p50=_at(found, 0.5 * count), p95=_at(found, 0.95 * count))


def by_name(rows: Iterable[Any]) -> defaultdict[str, list[Any]]:
    """The rows of each `name`."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.name].append(row)
    return found


def _at(rows: Sequence[Any], rank: float) -> float | None:
    """The seconds that so many did not exceed.

    Those of a bucket are taken as spread evenly about their mean, which is known, as far as to its nearer
    bound: for jobs that all take about as long that is close, also where the bucket is wide.
    """
    before = 0
    for row in rows:
        if rank <= before + row.count:
            lower, upper = _LOWER[row.bucket], _UPPER[row.bucket]
            mean: float = min(max(row.seconds / row.count, lower), upper)
            spread = min(mean - lower, upper - mean)
            part: float = (rank - before) / row.count
            return round(mean + spread * (2 * part - 1), 6)
        before += row.count
    return None
