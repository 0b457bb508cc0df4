"""`GET /jobs/{id}/result` where there is none, or none any more."""

from __future__ import annotations

from pathlib import Path

from app.jobs.ticker.pruner import Pruner

from .api_client import api_client, is_problem


def test_a_result_that_is_kept_no_longer_is_gone(tmp_path: Path) -> None:
    """410, while the job shows null; a task that returns nothing has a result, which is null."""
    with api_client(tmp_path) as here:
        here.jobs.task("brief", keep_result_for=60)(lambda: {"rows": 3})
        here.jobs.task("silent", keep_result_for=7200)(lambda: None)
        brief, silent = here.submit("brief"), here.submit("silent")
        here.drain()
        runtime = here.app.extensions["simmer"]
        assert here.get(f"/jobs/{brief['id']}/result").get_json() == {"rows": 3}
        runtime.clock.advance(3600)
        Pruner(runtime.database, runtime.settings, runtime.clock).run_once()
        document = is_problem(here.get(f"/jobs/{brief['id']}/result"), 410, "gone")
        assert "keep_result_for" in document["detail"]
        assert here.get(f"/jobs/{brief['id']}").get_json()["result"] is None
        response = here.get(f"/jobs/{silent['id']}/result")
        assert (response.status_code, response.get_json()) == (200, None)
