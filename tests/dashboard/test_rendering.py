"""Pages in the apps of others: their templates, options and context processors are not ours."""

from __future__ import annotations

from pathlib import Path

import jinja2
from flask import Flask

from .browsing import UI, dashboard, page, words


def spoil(app: Flask, folder: Path) -> None:
    """Give the host templates named as ours, no undefined names, and a context processor that raises."""
    (folder / "templates" / "simmer").mkdir(parents=True)
    for name in ("base.html", "jobs.html", "error.html", "macros.html"):
        folder.joinpath("templates", "simmer", name).write_text("the host's")
    app.jinja_loader = jinja2.FileSystemLoader(folder / "templates")
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.autoescape = False

    @app.context_processor
    def current_user() -> dict[str, object]:
        raise OSError("the host's database is down")


def test_what_the_host_does_to_its_templates_is_nothing_to_ours(tmp_path: Path) -> None:
    """Every page is ours, escaped, and needs nothing of the host's, the page of an error included."""
    with dashboard(tmp_path) as here:
        spoil(here.app, tmp_path)
        job = here.submit("echo", args={"value": "<script>alert(1)</script>"}, delay=60)
        for path in ("/", "/jobs", f"/jobs/{job['id']}", "/schedules", "/tasks/add", "/queues", "/about"):
            markup = page(here, path)
            assert "the host's" not in markup
            assert "<script>alert" not in markup
        assert "No job has this id" in words(page(here, "/jobs/x", 404))
        assert here.client.get(f"{UI}/jobs/x/nothing").status_code == 404


def test_a_name_that_is_no_text_breaks_no_page(tmp_path: Path) -> None:
    """What JOBS_AUTH returns is shown escaped, half of a surrogate pair replaced; on an error page, too."""
    with dashboard(tmp_path, auth=lambda request, right: "<b>ann\ud800") as here:
        assert "&lt;b&gt;ann?" in page(here, "/jobs")
        assert "&lt;b&gt;ann?" in page(here, "/jobs/x", 404)
