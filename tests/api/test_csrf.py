"""A host's CSRF protection is for its forms: the API goes on, and the host's views stay protected."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask_wtf import CSRFProtect

from app.jobs import Simmer

from .api_client import API, add_tasks


@pytest.mark.parametrize("csrf_first", [True, False])
def test_the_api_is_exempt_whichever_comes_first(tmp_path: Path, csrf_first: bool) -> None:
    """A POST to the API needs no CSRF token, one to a view of the host's does, in both orders."""
    app, jobs, csrf = Flask("host", instance_path=str(tmp_path)), Simmer(), CSRFProtect()
    app.config.update(TESTING=True, SECRET_KEY="k", JOBS_ENGINE="manual")
    app.add_url_rule("/form", view_func=lambda: "done", methods=["POST"])
    add_tasks(jobs)
    for extension in (csrf, jobs) if csrf_first else (jobs, csrf):
        extension.init_app(app)
    client = app.test_client()
    assert client.post(f"{API}/jobs", json={"task": "add"}).status_code == 202
    assert client.post("/form").status_code == 400
    with app.app_context():
        jobs.runtime.database.close()
