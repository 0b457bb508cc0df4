"""The first page, the examples, and the aliases at the root."""

from __future__ import annotations

import re

import pytest

from app.extensions import jobs

from .conftest import ServiceFactory


def test_the_first_page_shows_where_to_begin(make_service: ServiceFactory) -> None:
    """The API's address, a curl line, every task, and the latest jobs with their progress."""
    app = make_service()
    client = app.test_client()
    job = client.post("/api/v1/jobs", json={"task": "count", "args": {"to": 1}}).json
    assert job is not None
    with app.app_context():
        jobs.testing.drain()
    page = client.get("/").text
    assert "http://localhost/api/v1" in page
    assert "curl -i http://localhost/api/v1/jobs" in page
    for name in ("count", "users.import", "newsletter.send", "updates.refresh", "examples.tidy"):
        assert f"<code>{name}</code>" in page
    assert job["id"] in page
    assert 'href="/jobs/"' in page
    assert "100 %" in page


def test_the_first_page_starts_jobs_that_the_dashboard_shows(make_service: ServiceFactory) -> None:
    """Its buttons lead to the page of the job that they have started; without a dashboard there are none."""
    client = make_service().test_client()
    assert 'action="/jobs/tasks/count/run"' in client.get("/").text
    started = client.post("/jobs/tasks/count/run", follow_redirects=True)
    assert "Submitted." in started.text
    assert "/jobs/tasks" not in make_service(JOBS_UI_PREFIX=None).test_client().get("/").text


def test_pages_are_strict(make_service: ServiceFactory) -> None:
    """No script, no style and no address but our own; the policy says so to the browser."""
    client = make_service().test_client()
    for path in ("/", "/updates"):
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=", answer.text)
        assert set(re.findall(r'(?:src|href)="(https?://[^/"]+)', answer.text)) <= {"http://localhost"}


def test_the_first_page_is_guarded(make_service: ServiceFactory) -> None:
    """It shows jobs, so it needs the right to read."""
    client = make_service(JOBS_API_TOKENS={"reader-token": ["read"]}).test_client()
    assert client.get("/").status_code == 401
    page = client.get("/", headers={"Authorization": "Bearer reader-token"})
    assert "-H &#39;Authorization: Bearer &lt;token&gt;&#39;" in page.text


def test_the_first_page_works_without_an_api(make_service: ServiceFactory) -> None:
    """With JOBS_API_PREFIX=None there is no address to show."""
    app = make_service(JOBS_API_PREFIX=None)
    client = app.test_client()
    assert "switched off" in client.get("/").text
    assert client.get("/healthz").status_code == 404


@pytest.mark.parametrize(("alias", "path"), [("/healthz", "/health/live"), ("/readyz", "/health/ready")])
def test_health_is_told_at_the_root_too(make_service: ServiceFactory, alias: str, path: str) -> None:
    """The aliases answer what the package's own paths do."""
    client = make_service().test_client()
    assert client.get(alias).status_code == client.get(f"/api/v1{path}").status_code
    assert client.get(alias).json == client.get(f"/api/v1{path}").json


def test_the_numbers_are_told_at_the_root_too(make_service: ServiceFactory) -> None:
    """Where Prometheus looks for them."""
    client = make_service().test_client()
    assert client.get("/metrics").text == client.get("/api/v1/metrics").text


def test_a_route_starts_work_in_the_pool(make_service: ServiceFactory) -> None:
    """The example for those who come from an executor: 202, and the job counts to its end."""
    app = make_service()
    job = app.test_client().post("/examples/count").json
    assert job is not None
    assert (job["task"], job["args"]) == ("count", {"to": 50})


def test_counting_reports_its_progress(make_service: ServiceFactory) -> None:
    """By name over HTTP, with the schema's bounds."""
    app = make_service()
    client = app.test_client()
    job = client.post("/api/v1/jobs", json={"task": "count", "args": {"to": 3, "pause": 0}}).json
    assert job is not None
    with app.app_context():
        jobs.testing.drain()
        done = jobs.get(job["id"])
    assert done.result == {"counted_to": 3}
    assert (done.progress.current, done.progress.total) == (3, 3)
    too_far = client.post("/api/v1/jobs", json={"task": "count", "args": {"to": 10**9}})
    assert too_far.status_code == 422
