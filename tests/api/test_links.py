"""Links to one job: what they open, for whom and how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs import ConfigError, NotReady, current_job
from app.jobs.api import ROUTES
from app.jobs.api.access import OPEN
from app.jobs.api.links import PARAMETER, RIGHTS

from .api_client import API, ApiClient, api_client, is_problem

TOKENS = {"token-read": ["read"], "token-operate": ["operate"]}
BY_READ = {
    "GET /jobs/<id>", "GET /jobs/<id>/result", "GET /jobs/<id>/logs", "GET /jobs/<id>/files",
    "GET /jobs/<id>/files/<name>", "GET /jobs/<id>/stream",
}  # fmt: skip
BY_CANCEL = {*BY_READ, "POST /jobs/<id>/cancel"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """An app with tokens and a key."""
    with api_client(tmp_path, api_tokens=TOKENS) as made:
        made.app.config["SECRET_KEY"] = "a key for tests"
        yield made


def new_link(here: ApiClient, task: str = "add", args: Any = None, **options: Any) -> str:
    """A link to a new job."""
    with here.app.app_context():
        return here.jobs.submit(task, args or {}).url(**options)


def below(link: str, path: str) -> str:
    """The same link for a path below the job's."""
    address, _, query = link.partition("?")
    return f"{address}{path}?{query}"


@pytest.mark.parametrize(("right", "opened"), [("read", BY_READ), ("cancel", BY_CANCEL)])
def test_a_link_opens_some_routes_of_its_job_and_no_other(
    here: ApiClient, right: str, opened: set[str]
) -> None:
    """Without a token each route is tried with the link's parameter; the others say 401 or 403."""
    job_id, _, query = new_link(here, rights=(right,)).removeprefix(f"{API}/jobs/").partition("?")
    tried, found = set(), set()
    for route in ROUTES:
        if route.right == OPEN:
            continue
        tried.add(f"{route.method} {route.path}")
        path = route.path.replace("<id>", job_id).replace("<name>", "x")
        with here.client.open(f"{API}{path}?{query}", method=route.method) as answer:
            if answer.status_code not in (401, 403):
                found.add(f"{route.method} {route.path}")
    assert found == opened & tried


def test_the_links_of_the_answer_can_be_followed(here: ApiClient) -> None:
    """A browser needs the address alone: the job's links are those that it opens, with the parameter."""
    link = new_link(here, rights=("read", "cancel"))
    links = here.client.get(link).get_json()["links"]
    assert links == {
        "self": link, "result": below(link, "/result"), "logs": below(link, "/logs"),
        "files": below(link, "/files"), "stream": below(link, "/stream"), "cancel": below(link, "/cancel"),
    }  # fmt: skip
    assert PARAMETER in here.client.get(links["logs"]).headers["Link"]
    cancelled = here.client.post(links["cancel"]).get_json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["links"].keys() == {"self", "result", "logs", "files", "stream"}


def test_a_link_to_read_cannot_cancel(here: ApiClient) -> None:
    """It is 403 and says so, and the job goes on."""
    link = new_link(here)
    document = is_problem(here.client.post(below(link, "/cancel")), 403, "forbidden")
    assert "'cancel'" in document["detail"]
    assert here.client.get(link).get_json()["state"] == "queued"
    assert "cancel" not in here.client.get(link).get_json()["links"]


def test_a_link_is_for_one_job(here: ApiClient) -> None:
    """The signature of one job is not valid for another, nor for the other spelling of its id."""
    first, second = new_link(here), new_link(here)
    signature = first.partition("?")[2]
    address = second.partition("?")[0]
    document = is_problem(here.client.get(f"{address}?{signature}"), 403, "forbidden")
    assert "not valid for this job" in document["detail"]
    shouted = f"{API}/jobs/{first.removeprefix(f'{API}/jobs/').partition('?')[0].upper()}"
    is_problem(here.client.get(f"{shouted}?{signature}"), 403, "forbidden")


def test_a_link_ends(here: ApiClient) -> None:
    """After its seconds it is 403, and says that it has expired."""
    link = new_link(here, expires=60)
    with here.app.app_context():
        here.jobs.testing.advance(59)
        assert here.client.get(link).status_code == 200
        here.jobs.testing.advance(2)
    document = is_problem(here.client.get(link), 403, "forbidden")
    assert "expired" in document["detail"]


def test_a_key_can_be_rotated(here: ApiClient) -> None:
    """Links of a key among SECRET_KEY_FALLBACKS stay valid, new ones are signed with SECRET_KEY alone."""
    old = new_link(here)
    here.app.config.update(SECRET_KEY="another key", SECRET_KEY_FALLBACKS=["a key for tests"])
    new = new_link(here)
    assert here.client.get(old).status_code == here.client.get(new).status_code == 200
    here.app.config["SECRET_KEY_FALLBACKS"] = None
    assert here.client.get(old).status_code == 403
    assert here.client.get(new).status_code == 200
    here.app.config["SECRET_KEY"] = None
    is_problem(here.client.get(new), 403, "forbidden")


def test_nothing_secret_is_shown_by_a_link(here: ApiClient) -> None:
    """Secrets are redacted and tracebacks left out, unless the same address is asked with a token."""

    @here.jobs.task
    def stumble(password: str) -> None:
        try:
            raise ValueError("stumbled")
        except ValueError:
            current_job.log.exception("stumbled")

    link = new_link(here, "stumble", {"password": "correct horse"})
    here.drain()
    assert here.client.get(link).get_json()["args"] == {"password": "[redacted]"}
    for headers, is_shown in (({}, False), ({"Authorization": "Bearer token-operate"}, True)):
        (line,) = here.client.get(below(link, "/logs"), headers=headers).get_json()["items"]
        assert (line["traceback"] is not None) == is_shown


def test_a_link_does_not_tell_of_other_jobs(here: ApiClient) -> None:
    """What explains why a job waits names those before it: that is for who may read them."""
    link = new_link(here)
    is_problem(here.client.get(f"{link}&explain=1"), 403, "forbidden")
    headers = {"Authorization": "Bearer token-read"}
    assert here.client.get(f"{link}&explain=1", headers=headers).status_code == 200


def test_a_file_is_downloaded_by_a_link(here: ApiClient) -> None:
    """The link of a job opens the files that it attached."""

    @here.jobs.task
    def export() -> None:
        current_job.attach(b"a,b\n", name="x.csv")

    link = new_link(here, "export")
    here.drain()
    with here.client.get(below(link, "/files/x.csv")) as answer:
        assert answer.get_data() == b"a,b\n"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_what_a_link_shows_stays_with_the_browser(here: ApiClient) -> None:
    """No shared cache keeps it and no other site learns the address; polling by ETag works as ever."""
    link = new_link(here)
    answer = here.client.get(link)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    again = here.client.get(link, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Retry-After"]


def test_who_may_read_may_use_a_link_too(here: ApiClient) -> None:
    """With a token the parameter is passed over, whatever it says; other parameters are refused as ever."""
    link = new_link(here)
    headers = {"Authorization": "Bearer token-read"}
    for address in (link, f"{link}x"):
        answer = here.client.get(address, headers=headers)
        assert answer.status_code == 200
        assert PARAMETER not in answer.get_json()["links"]["self"]
    is_problem(here.client.get(f"{link}&a=1", headers=headers), 400, "bad-parameter")
    is_problem(here.client.get(f"{API}/jobs?{PARAMETER}=x", headers=headers), 400, "bad-parameter")


def test_a_link_to_nothing_is_404(here: ApiClient) -> None:
    """A job that was deleted is not there for its link either."""
    link = new_link(here)
    here.drain()
    path = link.partition("?")[0]
    assert here.client.delete(path, headers={"Authorization": "Bearer token-operate"}).status_code == 204
    is_problem(here.client.get(link), 404, "not-found")


def test_a_link_knows_where_the_app_is_mounted(here: ApiClient) -> None:
    """Its path begins with the root of the request, or without one with APPLICATION_ROOT."""
    here.app.config["APPLICATION_ROOT"] = "/below"
    link = new_link(here)
    assert link.startswith(f"/below{API}/jobs/")
    with here.app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/mounted"}):
        assert here.jobs.get(link.split("/")[5].partition("?")[0]).url().startswith(f"/mounted{API}/jobs/")


@pytest.mark.parametrize("rights", [(), ("operate",), ("read", "submit"), "read", (None,), None, 7])
def test_other_rights_are_refused(here: ApiClient, rights: Any) -> None:
    """A link reads or cancels; the error names the rights that there are."""
    with pytest.raises(ValueError, match=" and ".join(RIGHTS)):
        new_link(here, rights=rights)


@pytest.mark.parametrize("expires", [0, -1, float("inf"), float("nan"), None, "60", True, 10**12])
def test_a_link_has_an_end(here: ApiClient, expires: Any) -> None:
    """What is no positive number of seconds is refused."""
    with pytest.raises(ValueError, match="positive number of seconds"):
        new_link(here, expires=expires)


def test_what_a_link_needs(tmp_path: Path) -> None:
    """Without a key, an API or an app there is none, and the error says what to do."""
    with api_client(tmp_path) as here:
        with pytest.raises(ConfigError, match="SECRET_KEY"):
            new_link(here)
        with here.app.app_context():
            job = here.jobs.submit("add")
        with pytest.raises(NotReady):
            job.url()
        is_problem(here.get(f"/jobs/{job.id}?{PARAMETER}=x", headers={"Via": "1.1 proxy"}), 403, "forbidden")
    with api_client(tmp_path, prefix=None) as here:
        here.app.config["SECRET_KEY"] = "a key for tests"
        with pytest.raises(ConfigError, match="JOBS_API_PREFIX"):
            new_link(here)


@given(signature=st.one_of(st.text(), st.binary()), id=st.text(min_size=1))
def test_no_signature_breaks_it(untouched: ApiClient, signature: str | bytes, id: str) -> None:
    """Any bytes are 403 for a stranger."""
    path = f"{API}/jobs/{quote(id, safe='')}" if id.strip("./\r\n\t ") else f"{API}/jobs/x"
    answer = untouched.client.get(
        f"{path}?{PARAMETER}={quote(signature, safe='')}", headers={"Via": "1.1 proxy"}
    )
    assert answer.status_code in (403, 404), answer.get_data()
