"""`GET /metrics` and the numbers of `GET /stats`, as any process reads them from the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL

from app.jobs.store import new_jobs
from app.jobs.store.loads import loads

from ..documents import doc
from ..store.factory import new_job
from .api_client import ApiClient, api_client, is_problem


def scrape(here: ApiClient) -> dict[tuple[str, ...], float]:
    """The samples that Prometheus's own parser finds, by name and the values of their labels (by name)."""
    families = text_string_to_metric_families(here.get("/metrics").text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_metrics_are_what_the_database_says(tmp_path: Path) -> None:
    """Read by Prometheus's own parser: jobs by state, the backlog, who works, what is overdue."""
    with api_client(tmp_path) as here:
        here.submit()
        here.drain()
        here.submit()
        assert here.get("/metrics").content_type.startswith("text/plain; version=")
        found = scrape(here)
        assert (found["simmer_jobs", "succeeded"], found["simmer_jobs", "queued"]) == (1, 1)
        assert found["simmer_jobs", "failed"] == 0
        assert found["simmer_schedules_overdue",] == 0
        assert {"simmer_oldest_queued_seconds", "simmer_workers", "simmer_threads"} <= {
            name for name, *_ in found
        }
        is_problem(here.get("/metrics?a=1"), 400, "bad-parameter")


def test_counters_and_histograms_are_those_of_all_processes(tmp_path: Path, url: URL) -> None:
    """What one process has run and another cancelled, a third gives as totals by task, a restart or not."""
    with api_client(tmp_path, url=url) as one, api_client(tmp_path, url=url, tables=False) as two:
        for task in ("add", "add", "fail", "give_up"):
            one.submit(task)
        gone = one.submit()["id"]
        assert two.post(f"/jobs/{gone}/cancel").status_code == 200
        two.drain()
        found = scrape(one)
        assert found == scrape(two)
    finished = {
        tuple(labels): value
        for (name, *labels), value in found.items()
        if name == "simmer_jobs_finished_total" and value
    }
    assert finished == {
        ("succeeded", "add"): 2, ("cancelled", "add"): 1, ("failed", "fail"): 1, ("cancelled", "give_up"): 1,
    }  # fmt: skip
    for name in ("wait", "run"):
        assert found[f"simmer_job_{name}_seconds_count", "add"] == 2
        assert found[f"simmer_job_{name}_seconds_bucket", "+Inf", "add"] == 2
        assert 0 <= found[f"simmer_job_{name}_seconds_sum", "add"] < 60
        bucket = f"simmer_job_{name}_seconds_bucket"
        buckets = [value for key, value in found.items() if key[0] == bucket and key[2] == "add"]
        assert buckets == sorted(buckets)
    assert found["simmer_jobs_repeated_total", "retrying", "add"] == 0


def test_a_long_backlog_is_counted_to_the_last(tmp_path: Path) -> None:
    """Beyond 10,000 too, by state and by queue and task."""
    with api_client(tmp_path) as here:
        with here.app.app_context(), here.jobs.runtime.database.write() as conn:
            new_jobs.enqueue(conn, [new_job(queue="default") for _ in range(10_500)])
        found = scrape(here)
        assert found["simmer_jobs", "queued"] == found["simmer_jobs_queued", "", "default", "add"] == 10_500
        assert (
            found["simmer_jobs_capped", "queued"]
            == found["simmer_jobs_queued_capped", "", "default", "add"]
            == 0
        )
        stats = here.get("/stats").get_json()
        assert stats["states"]["queued"] == {"value": 10_500, "capped": False}
        (load,) = stats["backlog"]
        assert load["queued"] == {"value": 10_500, "capped": False}
        assert load["oldest_seconds"] >= 0


def test_a_count_that_stops_says_so(tmp_path: Path, url: URL) -> None:
    """Beyond the cap of a queue it is marked, and the other queues are counted all the same."""
    with api_client(tmp_path, url=url) as here:
        for _ in range(4):
            here.submit()
        here.submit("report", args={"month": "x"})
        with here.app.app_context():
            runtime: Any = here.jobs.runtime
            with runtime.database.read() as conn:
                found = loads(conn, runtime.clock.now(), most=3)
    assert [(load.queue, load.task, load.queued, load.capped) for load in found] == [
        ("default", "add", 4, True), ("reports", "report", 1, False),
    ]  # fmt: skip


def test_every_metric_is_documented(tmp_path: Path) -> None:
    """Each family stands in the table, under the name of its samples."""
    with api_client(tmp_path) as here:
        here.submit()
        here.drain()
        found = list(text_string_to_metric_families(here.get("/metrics").text))
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in found}
    assert len(names) > 10
    assert [name for name in sorted(names) if f"`{name}" not in doc("http").section("Metrics")] == []
