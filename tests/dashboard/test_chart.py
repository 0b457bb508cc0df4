"""Bars: their heights stand for numbers."""

from __future__ import annotations

from datetime import UTC, datetime

from app.jobs.dashboard.chart import HEIGHT, WIDTH, chart_of
from app.jobs.service.overview_values import Bucket

AT = datetime(2026, 11, 27, tzinfo=UTC)


def bucket(succeeded: int = 0, failed: int = 0, cancelled: int = 0) -> Bucket:
    """A step in which so many ended."""
    return Bucket(at=AT, succeeded=succeeded, failed=failed, cancelled=cancelled)


def test_heights_are_in_proportion_and_stacked() -> None:
    """Failed at the bottom, succeeded above, on a scale that ends at a round number."""
    chart = chart_of([bucket(30, 10), bucket()])
    failed, succeeded = chart.bars[0][1]
    assert chart.top == 50
    assert (failed.height, succeeded.height) == (HEIGHT / 5, HEIGHT * 3 / 5)
    assert failed.y + failed.height == HEIGHT
    assert succeeded.y + succeeded.height == failed.y
    assert chart.bars[1][1] == []


def test_one_failure_among_a_million_is_seen() -> None:
    """No part of a bar is thinner than a pixel, and none leaves the chart."""
    chart = chart_of([bucket(1_000_000, 1)])
    failed, succeeded = chart.bars[0][1]
    assert failed.height >= 1
    assert succeeded.y >= 0
    assert failed.x + failed.width <= WIDTH


def test_without_any_job_there_is_still_a_scale() -> None:
    """Empty buckets, and none at all, are drawn as nothing."""
    assert chart_of([bucket()]).top == 1
    assert chart_of([]).bars == []
