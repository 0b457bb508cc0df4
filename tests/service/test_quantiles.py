"""Percentiles that are estimated from a histogram."""

from __future__ import annotations

import random
from bisect import bisect_left
from types import SimpleNamespace

import pytest

from app.jobs.service.quantiles import quantiles
from app.jobs.store.counters import BOUNDS, RUN, Counts


def estimated(seconds: list[float]) -> tuple[int, float | None, float | None]:
    """The number, the median and the 95th percentile, by way of the counters."""
    counts = Counts()
    counts.observe("add", RUN, list(seconds))
    found = quantiles(
        SimpleNamespace(bucket=bucket, count=count, seconds=total)
        for (_, _, bucket), (count, total) in counts.items()
    )
    return found.count, found.p50, found.p95


def test_there_are_none_of_nothing() -> None:
    """An empty histogram has no percentiles."""
    assert estimated([]) == (0, None, None)


@pytest.mark.parametrize("seconds", [0.0, 0.004, 12.0, 29.0, 9_000.0])
def test_of_equal_times_both_are_close_to_them(seconds: float) -> None:
    """Also in a wide bucket, and in the one above the last bound: its mean is known."""
    count, p50, p95 = estimated([seconds] * 100)
    assert count == 100
    assert p50 == pytest.approx(seconds)
    assert p95 == pytest.approx(seconds, rel=0.25, abs=0.005)


@pytest.mark.parametrize("seed", range(5))
def test_no_estimate_leaves_the_bucket_of_the_true_value(seed: int) -> None:
    """Of random times over all buckets, compared with the sorted list."""
    chance = random.Random(seed)
    seconds = sorted(10 ** chance.uniform(-3, 4.2) for _ in range(chance.randrange(1, 2_000)))
    count, *found = estimated(seconds)
    assert count == len(seconds)
    for part, value in zip((0.5, 0.95), found, strict=True):
        assert value is not None
        true = seconds[max(0, -int(-part * count // 1) - 1)]
        # On a bound itself it belongs to either.
        assert abs(bisect_left(BOUNDS, value) - bisect_left(BOUNDS, true)) <= (value in BOUNDS)
