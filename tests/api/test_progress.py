"""The progress bar of a job in a page of the host's, as the server renders it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string

from app.jobs import ConfigError, Job, Progress, Simmer
from app.jobs.api.progress import WORDS

from .api_client import API, ApiClient, api_client, is_problem


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app with a key, to which strangers are not let in."""
    with api_client(tmp_path, api_tokens={"token-read": ["read"]}) as made:
        made.app.config["SECRET_KEY"] = "a key for tests"
        yield made


def rendered(here: ApiClient, job: Job, template: str = "{{ jobs_progress(job) }}", **values: Any) -> str:
    """What a template of the host's makes of the job."""
    with here.app.test_request_context("/"):
        return render_template_string(template, job=job, **values)


def test_a_job_that_waits(here: ApiClient) -> None:
    """Its bar has no value, its text says so, and its address is a link that opens it."""
    with here.app.app_context():
        job = here.jobs.submit("add")
    page = rendered(here, job)
    assert '<progress max="100" aria-label="Progress"></progress> <span>Waiting</span>' in page
    link = page.partition(' src="')[2].partition('"')[0]
    assert here.client.get(link).get_json()["id"] == job.id


def test_a_job_that_runs(here: ApiClient) -> None:
    """Percent and message are text, escaped."""
    with here.app.app_context():
        job = replace(here.jobs.submit("add"), state="running")
    page = rendered(here, replace(job, progress=Progress(1, 4, 25.4, "a <b> & c", 30.0)))
    assert ' value="25.4"></progress> <span>25% · a &lt;b&gt; &amp; c</span>' in page
    page = rendered(here, replace(job, progress=Progress(7, message="seven")))
    assert "></progress> <span>Running · seven</span>" in page


@pytest.mark.parametrize(
    ("task", "value", "words"),
    [("add", "100", "Done"), ("fail", "0", "Failed: no luck"), ("give_up", "0", "Cancelled")],
)
def test_a_job_that_has_ended(here: ApiClient, task: str, value: str, words: str) -> None:
    """How it ended stands where screen readers look, and there is nothing more to poll."""
    with here.app.app_context():
        id = here.jobs.submit(task).id
        here.jobs.testing.drain()
        page = rendered(here, here.jobs.get(id))
    assert f' value="{value}"></progress> <span></span><span role="status">{words}</span>' in page
    assert " src=" not in page


def test_words_of_the_hosts_own(here: ApiClient) -> None:
    """They are escaped and reach the script; one that there is not is refused."""
    with here.app.app_context():
        job = here.jobs.submit("add")
    template = "{{ jobs_progress(job, label=label, words=words) }}"
    page = rendered(here, job, template, label='"Ihr" Export', words={"queued": 'Wartet "noch"'})
    assert 'aria-label="&#34;Ihr&#34; Export"' in page
    assert 'data-queued="Wartet &#34;noch&#34;"' in page
    assert "<span>Wartet &#34;noch&#34;</span>" in page
    assert f'data-lost="{WORDS["lost"]}"' in page
    with pytest.raises(ValueError, match=r"'done'.*succeeded"):
        rendered(here, job, template, words={"done": "Fertig"})
    for wrong in ("{{ jobs_progress(job.id) }}", "{{ jobs_progress(missing) }}"):
        with pytest.raises(TypeError, match="jobs_progress takes a job"):
            rendered(here, job, wrong)


def test_what_it_needs(tmp_path: Path) -> None:
    """Without a key or an API a template that uses it says what to do."""
    with api_client(tmp_path, prefix=None) as here:
        with here.app.app_context():
            job = here.jobs.submit("add")
        with pytest.raises(ConfigError, match="SECRET_KEY"):
            rendered(here, job)
        with pytest.raises(ConfigError, match="JOBS_API_PREFIX"):
            rendered(here, job, "{{ jobs_progress_script() }}")


def test_names_of_the_host_stay(tmp_path: Path) -> None:
    """A template global that the host has under the name is not replaced."""
    app = Flask("host", instance_path=str(tmp_path))
    app.jinja_env.globals["jobs_progress"] = lambda: "ours"
    Simmer(app)
    with app.test_request_context("/"):
        assert render_template_string("{{ jobs_progress() }}") == "ours"
        assert render_template_string("{{ jobs_progress_script() }}").startswith("<script ")
    with app.app_context():
        app.extensions["simmer"].database.close()


def test_the_script(here: ApiClient) -> None:
    """Open to everybody, small, checked for a newer one at each page, and never run as anything else."""
    tag = rendered(here, None, "{{ jobs_progress_script(nonce='n\"') }}")  # type: ignore[arg-type]
    assert tag == f'<script type="module" src="{API}/progress.js" nonce="n&#34;"></script>'
    answer = here.client.get(f"{API}/progress.js")
    assert answer.status_code == 200
    assert len(answer.get_data()) <= 4096
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = {"If-None-Match": answer.headers["ETag"]}
    assert here.client.get(f"{API}/progress.js", headers=again).status_code == 304
    is_problem(here.client.get(f"{API}/progress.js?v=1"), 400, "bad-parameter")
