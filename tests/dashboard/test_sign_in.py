"""Signing in: where tokens are set, a browser shows one once and has its rights for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Request

from app.jobs.api.sign_in import COOKIE

from ..api.api_client import ApiClient, api_client
from .browsing import UI, dashboard, page, post, words

TOKENS = {"token-of-reader": ["read"], "token-of-operator": ["operate"]}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ApiClient]:
    """A dashboard that asks for a token, over one failed job."""
    with dashboard(tmp_path, api_tokens=TOKENS) as made:
        with made.app.app_context():
            made.jobs.submit("fail")
        made.drain()
        yield made


def job_path(here: ApiClient) -> str:
    """The path of the only job's page."""
    with here.app.app_context():
        return f"/jobs/{here.jobs.list()[0].id}"


def test_a_stranger_is_led_to_the_form_and_back(here: ApiClient) -> None:
    """303 to the form, and after the right token to the page that was asked for, its filters included."""
    asked = here.client.get(f"{UI}/jobs?state=failed")
    assert asked.status_code == 303
    assert asked.location == f"{UI}/sign-in?next=/jobs/jobs?state%3Dfailed"
    done = post(here, "/sign-in", follow=False, token="token-of-reader", next=f"{UI}/jobs?state=failed")
    assert (done.status_code, done.location) == (303, f"{UI}/jobs?state=failed")
    assert "no luck" in words(page(here, "/jobs?state=failed"))


def test_the_cookie_is_out_of_reach_of_scripts_and_sites(here: ApiClient) -> None:
    """HttpOnly, SameSite=Lax, without the token in it, Secure where the page came by HTTPS."""
    cookie = post(here, "/sign-in", follow=False, token="token-of-reader").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "token-of-reader" not in cookie
    assert "Secure" not in cookie
    secure = here.client.post(
        f"{UI}/sign-in", data={"token": "token-of-reader"}, base_url="https://localhost"
    )
    assert "Secure" in secure.headers["Set-Cookie"]


def test_a_wrong_token_is_told_and_signs_nobody_in(here: ApiClient) -> None:
    """403 and the form again; what was typed is not repeated."""
    refused = post(here, "/sign-in", token="token-of-nobody", next="")
    assert refused.status_code == 403
    assert "none of the tokens" in words(refused.get_data(as_text=True))
    assert "token-of-nobody" not in refused.get_data(as_text=True)
    assert COOKIE not in refused.headers.get("Set-Cookie", "")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/other", "x"]
)
def test_nobody_is_led_to_another_site(here: ApiClient, target: str) -> None:
    """A target that is not below the dashboard's own path leads to its first page instead."""
    done = post(here, "/sign-in", follow=False, token="token-of-reader", next=target)
    assert done.location == f"{UI}/"


def test_a_reader_sees_no_action_and_can_do_none(here: ApiClient) -> None:
    """What needs another right is absent, and refused where it is asked for all the same."""
    post(here, "/sign-in", token="token-of-reader")
    markup = page(here, job_path(here))
    assert "/retry" not in markup
    assert "/delete" not in markup
    assert post(here, f"{job_path(here)}/retry").status_code == 403


def test_an_operator_acts_from_our_own_pages_only(here: ApiClient) -> None:
    """The cookie does what its token may, unless another site's page sends the form."""
    post(here, "/sign-in", token="token-of-operator")
    foreign = here.client.post(f"{UI}{job_path(here)}/retry", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    own = here.client.post(f"{UI}{job_path(here)}/retry", headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 303


def test_the_api_knows_who_is_signed_in_too(here: ApiClient) -> None:
    """Scripts of the pages read the API with the cookie alone."""
    assert here.get("/jobs").status_code == 401
    post(here, "/sign-in", token="token-of-reader")
    assert here.get("/jobs").status_code == 200
    assert here.post("/jobs", {"task": "add"}).status_code == 403


def test_signing_out_ends_it(here: ApiClient) -> None:
    """After it the pages ask again."""
    post(here, "/sign-in", token="token-of-reader")
    post(here, "/sign-out")
    assert here.client.get(f"{UI}/jobs").status_code == 303


@pytest.mark.parametrize("forged", ["", "token", "token.x.y", "token.aaaa.bbbb", "é"])
def test_a_forged_cookie_is_none(here: ApiClient, forged: str) -> None:
    """What was not signed here signs nobody in, and breaks nothing."""
    here.client.set_cookie(COOKIE, forged)
    assert here.client.get(f"{UI}/jobs").status_code == 303
    assert here.get("/jobs").status_code == 401


def test_without_tokens_the_pages_are_for_this_machine(tmp_path: Path) -> None:
    """As the API: a local visitor is served, one through a proxy gets 403 with the two settings named."""
    with dashboard(tmp_path) as here:
        assert here.client.get(f"{UI}/jobs").status_code == 200
        refused = here.client.get(f"{UI}/jobs", headers={"X-Forwarded-For": "192.0.2.1"})
        assert refused.status_code == 403
        assert "JOBS_API_TOKENS" in words(refused.get_data(as_text=True))


def test_read_only_hides_and_refuses_every_action(tmp_path: Path) -> None:
    """JOBS_UI_READONLY holds for everybody; the API goes on as before."""
    with dashboard(tmp_path, ui_readonly=True) as here:
        job = here.submit("add")
        assert "/cancel" not in page(here, f"/jobs/{job['id']}")
        assert post(here, f"/jobs/{job['id']}/cancel").status_code == 403
        assert here.post(f"/jobs/{job['id']}/cancel").status_code == 200


def test_switched_off_there_is_no_page(tmp_path: Path) -> None:
    """JOBS_UI_PREFIX = None leaves the host's paths alone."""
    with api_client(tmp_path, ui_prefix=None) as here:
        assert here.client.get(f"{UI}/jobs").status_code == 404


@pytest.mark.parametrize(
    "target", ["///jobs/x", "//[", "/jobs/\t", "/\t/jobs/", "/jobs/\r\nX: y", "\0", "/jobs/\\x"]
)
def test_what_browsers_read_otherwise_leads_nowhere(here: ApiClient, target: str) -> None:
    """Slashes, control characters and brackets that make of a path another host's: to the first page."""
    done = post(here, "/sign-in", follow=False, token="token-of-reader", next=target)
    assert (done.status_code, done.location) == (303, f"{UI}/")


def test_below_a_mount_point_a_visitor_is_led_back_too(here: ApiClient) -> None:
    """With a SCRIPT_NAME the way to the form and back keeps it, and the cookie is of that path."""
    mounted = {"SCRIPT_NAME": "/sub"}
    asked = here.client.get(f"{UI}/jobs?state=failed", environ_overrides=mounted)
    assert asked.location == f"/sub{UI}/sign-in?next=/sub/jobs/jobs?state%3Dfailed"
    form = {"token": "token-of-reader", "next": f"/sub{UI}/jobs?state=failed"}
    done = here.client.post(f"{UI}/sign-in", data=form, environ_overrides=mounted)
    assert done.location == form["next"]
    assert "Path=/sub" in done.headers["Set-Cookie"]


def test_a_page_asks_once_what_a_visitor_may(tmp_path: Path) -> None:
    """However many rows it has: JOBS_AUTH may ask a database."""
    asked: list[str] = []

    def auth(request: Request, right: str) -> bool:
        asked.append(right)
        return True

    with dashboard(tmp_path, auth=auth) as here:
        for _ in range(5):
            here.submit("add")
        asked.clear()
        page(here, "/jobs")
    assert sorted(asked) == ["operate", "read"]
