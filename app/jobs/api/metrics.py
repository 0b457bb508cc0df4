"""`GET /metrics`: the numbers of `GET /stats` in Prometheus' text format.

They are read from the database at every scrape, so that each process gives the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from flask import Response

from ..service import runtime
from ..states import FINAL
from .responses import NO_STORE
from .validation import refuse_query

if TYPE_CHECKING:
    from prometheus_client.core import Metric

Samples = Iterable[tuple[Sequence[str], float]]
"""Values by the values of their labels."""
_HISTOGRAMS: Final = (
    ("wait", "Seconds from due to begun, of runs that have ended."),
    ("run", "Seconds from begun to ended."),
)


def get_metrics() -> Response:
    """`GET /metrics`: jobs by state, the backlog, what each task has done, workers, what is overdue."""
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
        stats = self._stats
        states, unserved = stats["states"].items(), stats["unserved"]
        yield _gauge("jobs", "Jobs by state.", ["state"], (([name], each["value"]) for name, each in states))
        yield _gauge(
            "jobs_capped", "1 where there are more jobs in the state than were counted.", ["state"],
            (([name], each["capped"]) for name, each in states),
        )  # fmt: skip
        for name, meaning, value in (
            ("oldest_queued_seconds", "How long the oldest due job waits.", stats["oldest_queued_seconds"]),
            ("workers", "Processes that run jobs.", stats["workers"]),
            ("threads", "Jobs that they can run at a time.", stats["threads"]),
            ("stuck_threads", "Threads that go on after their jobs were ended.", stats["stuck_threads"]),
            (
                "schedules_overdue",
                "Schedules without the success they should have.",
                stats["overdue_schedules"],
            ),
            ("overdue_runs", "Runs that go on beyond their timeout.", stats["overdue_runs"]["count"]),
        ):
            yield _gauge(name, meaning, [], [([], value or 0.0)])
        yield _gauge(
            "jobs_unserved", "Due jobs that no live worker serves, by reason.", ["reason"],
            (([reason], count) for reason, count in unserved["by_reason"].items()),
        )  # fmt: skip
        yield from _backlog(stats["backlog"])
        yield from _counters(stats["tasks"])
        for name, meaning in _HISTOGRAMS:
            yield _histogram(name, meaning, stats["tasks"])


def _gauge(name: str, meaning: str, labels: Sequence[str], samples: Samples) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    made = GaugeMetricFamily(f"simmer_{name}", meaning, labels=labels)
    for values, number in samples:
        made.add_metric(values, float(number))
    return made


def _backlog(loads: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """By queue, task and app, while there is something to do."""
    found: dict[str, tuple[str, list[Any]]] = {
        "jobs_queued": ("Due jobs that nobody has claimed.", [load["queued"]["value"] for load in loads]),
        "jobs_queued_capped": (
            "1 where more are due than were counted.", [load["queued"]["capped"] for load in loads]
        ),
        "jobs_running": ("Jobs that run.", [load["running"] for load in loads]),
        "jobs_oldest_wait_seconds": (
            "How long the oldest due job waits.", [load["oldest_seconds"] or 0.0 for load in loads]
        ),
    }  # fmt: skip
    labels = [(load["queue"], load["task"], load["app"] or "") for load in loads]
    for name, (meaning, values) in found.items():
        yield _gauge(name, meaning, ["queue", "task", "app"], zip(labels, values, strict=True))


def _counters(tasks: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """By task and outcome: what ended for good, and what is to run again."""
    from prometheus_client.core import CounterMetricFamily

    finished = CounterMetricFamily(
        "simmer_jobs_finished", "Jobs that ended for good.", labels=["task", "outcome"]
    )
    repeated = CounterMetricFamily(
        "simmer_jobs_repeated", "Runs after which the job is to run again.", labels=["task", "reason"]
    )
    for each in tasks:
        for outcome, count in each["outcomes"].items():
            (finished if outcome in FINAL else repeated).add_metric([each["task"], outcome], count)
    yield from (finished, repeated)


def _histogram(name: str, meaning: str, tasks: Sequence[Mapping[str, Any]]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    made = HistogramMetricFamily(f"simmer_job_{name}_seconds", meaning, labels=["task"])
    for each in tasks:
        counted = each[name]
        made.add_metric([each["task"]], list(counted["buckets"].items()), counted["seconds"])
    return made
