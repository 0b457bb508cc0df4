"""What is said of runs beyond their timeout while they go on."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.jobs.store import runs

from ..store.factory import claim_one, register, submit
from ..support import eventually
from .api_client import ApiClient, api_client


def overdue_metric(here: ApiClient) -> float:
    """The number that Prometheus gets."""
    families = text_string_to_metric_families(here.get("/metrics").text)
    (sample,) = next(each for each in families if each.name == "simmer_overdue_runs").samples
    return sample.value


def test_a_run_beyond_its_timeout_is_shown_until_it_ends(tmp_path: Path) -> None:
    """By its job's id in `/stats`, as a number for Prometheus; where all threads are so `ready` warns."""
    go_on = threading.Event()
    with api_client(tmp_path, engine="thread", threads=1) as here:
        here.jobs.task("deaf", timeout=0.01)(lambda: go_on.wait(10))
        assert here.get("/stats").get_json()["overdue_runs"] == {"count": 0, "items": []}
        assert overdue_metric(here) == 0
        with here.app.app_context():
            here.jobs.start()
        job = here.submit("deaf")
        shown = eventually(lambda: here.get("/stats").get_json()["overdue_runs"]["items"])
        (worker,) = here.get("/workers").get_json()["items"]
        running = here.get(f"/jobs/{job['id']}").get_json()
        assert shown == [
            {
                "job_id": job["id"], "task": "deaf", "worker": worker["id"],
                "started_at": running["started_at"], "timeout": 0.01,
                "overdue_seconds": shown[0]["overdue_seconds"],
            }
        ]  # fmt: skip
        assert shown[0]["overdue_seconds"] > 0
        assert overdue_metric(here) == 1
        ready = eventually(
            lambda: (answer := here.get("/health/ready").get_json()).get("warnings") and answer
        )
        assert ready["status"] == "ok"
        assert ready["warnings"] == {"threads": "all 1 threads are in jobs that exceeded their timeout"}
        go_on.set()
        eventually(lambda: here.get("/stats").get_json()["overdue_runs"]["count"] == 0)


def test_stats_name_some_of_very_many_overdue_runs(tmp_path: Path) -> None:
    """All are counted, and the longest overdue are named."""
    with api_client(tmp_path) as here, here.app.app_context():
        now = here.jobs.runtime.clock.now()
        with here.jobs.runtime.database.write() as conn:
            register(conn)
            begun = [claim_one(conn, submit(conn, timeout=1)) for _ in range(21)]
            for number, run in enumerate(begun):
                assert run is not None
                run.started_at = now - timedelta(seconds=10 + number)
            runs.record_starts(conn, filter(None, begun))
        shown = here.get("/stats").get_json()["overdue_runs"]
        assert (shown["count"], len(shown["items"])) == (21, 20)
        assert [item["overdue_seconds"] for item in shown["items"]] == list(range(29, 9, -1))
