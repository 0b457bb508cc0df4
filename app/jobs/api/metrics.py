"""`GET /metrics`: the numbers of `GET /stats` in Prometheus' text format.

They are read from the database at every scrape, so that each process gives the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import Response

from ..service import runtime
from .requests import refuse_query
from .responses import NO_STORE

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def get_metrics() -> Response:
    """`GET /metrics`: jobs by state, the age of the backlog, workers, threads, what is overdue."""
    # Imported here: most processes are never scraped, and the import takes a twentieth of a start.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    refuse_query()
    # A registry for each scrape: the global one has the metrics of the host, which are not ours to show.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Stats(runtime().status.stats()))
    return Response(generate_latest(registry), 200, NO_STORE, content_type=CONTENT_TYPE_LATEST)


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
            ("overdue_runs", "Runs that go on beyond their timeout.", stats["overdue_runs"]["count"]),
        ):
            yield GaugeMetricFamily(f"simmer_{name}", meaning, value or 0.0)
