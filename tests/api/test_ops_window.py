"""`GET /stats?window=`: numbers over time, and how a client polls them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL, event

from .api_client import api_client, is_problem


@pytest.mark.parametrize(
    ("window", "step", "steps"), [("1h", 60, 60), ("24h", 3_600, 24), ("7d", 21_600, 28)]
)
def test_a_window_adds_what_ended_and_how_long_it_took(
    tmp_path: Path, url: URL, window: str, step: int, steps: int
) -> None:
    """Beside what is there without one; the sums are those of what was done."""
    with api_client(tmp_path, url=url) as here:
        for task in ("add", "add", "fail", "give_up"):
            here.submit(task)
        here.drain()
        plain, found = here.get("/stats"), here.get(f"/stats?window={window}")
        assert "ETag" not in plain.headers
        body = found.get_json()
        throughput, percentiles = body.pop("throughput"), body.pop("percentiles")
        assert body == plain.get_json()
    assert (throughput["window"], throughput["step"], len(throughput["items"])) == (window, step, steps)
    sums = {
        state: sum(each[state] for each in throughput["items"])
        for state in ("succeeded", "failed", "cancelled")
    }
    assert sums == {"succeeded": 2, "failed": 1, "cancelled": 1}
    moments = [each["at"] for each in throughput["items"]]
    assert moments == sorted(moments)
    assert moments[0].endswith(":00.000000Z")
    assert percentiles["run"]["count"] == percentiles["wait"]["count"] == 4
    assert 0 <= percentiles["run"]["p50"] <= percentiles["run"]["p95"]


def test_a_client_that_polls_is_told_that_nothing_has_changed(tmp_path: Path, url: URL) -> None:
    """304 with the tag, for a few statements, until something has; each minute begins anew."""
    with api_client(tmp_path, url=url) as here:
        here.submit()
        first = here.get("/stats?window=1h")
        headers = {"If-None-Match": first.headers["ETag"]}
        sent: list[str] = []
        with here.app.app_context():
            engine = here.jobs.runtime.database.engine
        event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
        again = here.get("/stats?window=1h", headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert len(sent) <= 4
        here.drain()
        changed = here.get("/stats?window=1h", headers=headers)
        assert changed.status_code == 200
        headers = {"If-None-Match": changed.headers["ETag"]}
        assert here.get("/stats?window=1h", headers=headers).status_code == 304
        with here.app.app_context():
            here.jobs.runtime.clock.advance(60)  # type: ignore[attr-defined]
        assert here.get("/stats?window=1h", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "query", ["window=2h", "window=", "window=1h&window=24h", "window=1h%00", "step=60", "window"]
)
def test_what_is_no_window_is_refused(tmp_path: Path, query: str) -> None:
    """As a bad parameter, whose detail names those that there are where one was meant."""
    with api_client(tmp_path) as here:
        problem = is_problem(here.get(f"/stats?{query}"), 400, "bad-parameter")
        assert "window" in problem["detail"] or "step" in problem["detail"]
