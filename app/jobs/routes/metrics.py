"""`GET /metrics`: how the service stands, in the text format that Prometheus reads.

The numbers are the database's, read when they are asked for: they are right whichever process is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .answers import UNCACHED
from .reading import refuse_query, runtime


def get_metrics() -> Response:
    """`GET /metrics`: jobs by state, the age of the backlog, who works, schedules that are overdue."""
    refuse_query()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Stats(runtime().service.stats()))
    return Response(generate_latest(registry), 200, UNCACHED, content_type=CONTENT_TYPE_LATEST)


class _Stats(Collector):
    """The numbers of `GET /stats` as metrics."""

    def __init__(self, stats: Mapping[str, Any]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """One metric for each number."""
        stats = self._stats
        jobs = GaugeMetricFamily("simmer_jobs", "Jobs by state, counted to 10,000 at most.", labels=["state"])
        for state, count in stats["states"].items():
            jobs.add_metric([state], count["value"])
        yield jobs
        yield GaugeMetricFamily(
            "simmer_oldest_queued_seconds", "For how long the oldest job that is due has been waiting.",
            stats["oldest_queued_seconds"] or 0.0,
        )  # fmt: skip
        yield GaugeMetricFamily("simmer_workers", "Processes that run jobs.", stats["workers"])
        yield GaugeMetricFamily("simmer_threads", "Jobs that they can run at a time.", stats["threads"])
        yield GaugeMetricFamily(
            "simmer_schedules_overdue", "Schedules whose job should have succeeded by now and has not.",
            stats["overdue_schedules"],
        )  # fmt: skip
