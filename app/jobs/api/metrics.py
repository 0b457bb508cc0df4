"""`GET /metrics`: how the service stands, in the text format that Prometheus reads.

The numbers are the database's, read when they are asked for: they are right whichever process is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import Response

from ..service import runtime
from .requests import refuse_query
from .responses import UNCACHED

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def get_metrics() -> Response:
    """`GET /metrics`: jobs by state, the age of the backlog, who works, schedules that are overdue."""
    # Imported by those who ask for it: it would be a twentieth of the time that a start takes.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    refuse_query()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Stats(runtime().status.stats()))
    return Response(generate_latest(registry), 200, UNCACHED, content_type=CONTENT_TYPE_LATEST)


class _Stats:
    """The numbers of `GET /stats` as metrics."""

    def __init__(self, stats: Mapping[str, Any]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """One metric for each number."""
        from prometheus_client.core import GaugeMetricFamily

        stats = self._stats
        jobs = GaugeMetricFamily("simmer_jobs", "Jobs by state, counted to 10,000 at most.", labels=["state"])
        for state, count in stats["states"].items():
            jobs.add_metric([state], count["value"])
        yield jobs
        for name, meaning, value in (
            ("oldest_queued_seconds", "How long the oldest due job waits.", stats["oldest_queued_seconds"]),
            ("workers", "Processes that run jobs.", stats["workers"]),
            ("threads", "Jobs that they can run at a time.", stats["threads"]),
            (
                "schedules_overdue",
                "Schedules without the success they should have.",
                stats["overdue_schedules"],
            ),
        ):
            yield GaugeMetricFamily(f"simmer_{name}", meaning, value or 0.0)
