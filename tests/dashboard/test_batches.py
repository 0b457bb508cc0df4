"""The batches: the list and the page of one."""

from __future__ import annotations

from pathlib import Path

from .browsing import dashboard, page, post, words


def test_a_batch_shows_how_far_it_is_and_retries_what_failed(tmp_path: Path) -> None:
    """The newest first; its jobs by state; retry and cancel apply to it alone."""
    with dashboard(tmp_path) as here:
        ids = [
            here.post("/jobs/batch", {"jobs": [{"task": "fail"}, {"task": "add"}]}).get_json()["batch_id"]
            for _ in range(2)
        ]
        here.drain()
        text = words(page(here, "/batches"))
        assert text.index(ids[1]) < text.index(ids[0])
        shown = words(page(here, f"/batches/{ids[0]}"))
        assert "Batch of 2 jobs" in shown
        assert "1 failed" in shown
        post(here, f"/batches/{ids[0]}/retry")
        assert here.get(f"/batches/{ids[0]}").get_json()["counts"]["queued"] == 1
        assert here.get(f"/batches/{ids[1]}").get_json()["counts"]["failed"] == 1
        post(here, f"/batches/{ids[0]}/cancel")
        assert here.get(f"/batches/{ids[0]}").get_json()["counts"]["cancelled"] == 1


def test_pages_of_batches_lead_on(tmp_path: Path) -> None:
    """Twenty a page, each batch once."""
    with dashboard(tmp_path) as here:
        for _ in range(21):
            here.post("/jobs/batch", {"jobs": [{"task": "add"}]})
        first = page(here, "/batches")
        assert first.count('<tr id="batch-') == 20
        before = first.partition("before=")[2].partition('"')[0]
        assert page(here, f"/batches?before={before}").count('<tr id="batch-') == 1
    (tmp_path / "simmer.db").unlink()
    with dashboard(tmp_path) as empty:
        assert "jobs.batch(" in words(page(empty, "/batches"))
