"""Who is let in: closed by default, opened by tokens or by the host's own rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Request

from app.jobs.api.access import OPEN
from app.jobs.config import RIGHTS

from .api_client import API, ApiClient, api_client, is_problem

TOKENS = {"token-read": ["read"], "token-submit": ["submit"], "token-operate": ["operate"]}
ONE_OF_EACH = {
    "read": ("GET", "/jobs"),
    "submit": ("POST", "/jobs"),
    "operate": ("POST", "/schedules/hourly/pause"),
}


def send(here: ApiClient, right: str, token: str | None = None, **options: Any) -> Any:
    """A request that needs `right`."""
    method, path = ONE_OF_EACH[right]
    headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"task": "add"} if right == "submit" else None
    return here.client.open(API + path, method=method, headers=headers, json=body, **options)


@contextmanager
def client_with_views(folder: Path, **config: Any) -> Iterator[ApiClient]:
    """A client whose host has a view of its own behind `jobs.requires`."""
    with api_client(folder, **config) as here:

        @here.app.get("/mine")
        @here.jobs.requires("submit")
        def mine() -> str:
            return "mine"

        yield here


def test_every_route_declares_its_right(tmp_path: Path) -> None:
    """No route of the blueprint is without a declared right, and only the known ones are open."""
    with api_client(tmp_path) as here:
        endpoints = {
            rule.endpoint for rule in here.app.url_map.iter_rules() if rule.endpoint.startswith("simmer.")
        }
        rights = {name: getattr(here.app.view_functions[name], "right", None) for name in endpoints}
        assert len(rights) > 20
        assert {name for name, right in rights.items() if right not in (*RIGHTS, OPEN)} == set()
        opened = {name for name, right in rights.items() if right == OPEN}
        assert opened == {"simmer.live", "simmer.ready", "simmer.fallback", "simmer.get_script"}


def test_every_route_but_health_is_closed_to_strangers(tmp_path: Path) -> None:
    """With tokens set, a request without one is 401 on every route, known or not."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        for rule in here.app.url_map.iter_rules():
            if not rule.rule.startswith(API) or "/health/" in rule.rule or rule.rule.endswith(".js"):
                continue
            path = rule.rule.replace("<id>", "x").replace("<name>", "x").replace("<simmer_rest:rest>", "x/y")
            for method in (rule.methods or {"GET", "POST", "DELETE"}) - {"HEAD", "OPTIONS"}:
                response = here.client.open(path, method=method)
                is_problem(response, 401, "unauthorized")
                assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, "wrong", "token-rea", "token-read2", "", "caf\u00e9", " "])
def test_no_or_an_unknown_token_is_401(tmp_path: Path, token: str | None) -> None:
    """What is not exactly a known token opens nothing, from this machine neither."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        response = send(here, "read", token)
        is_problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["token-read", "Basic token-read", "Bearer", "Bearer token-read x", "Token token-read"]
)
def test_only_the_bearer_scheme_is_understood(tmp_path: Path, header: str) -> None:
    """A token in another scheme, or with something around it, is none."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        is_problem(here.get("/jobs", headers={"Authorization": header}), 401, "unauthorized")


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("held", RIGHTS)
def test_a_right_includes_the_lesser_ones(tmp_path: Path, held: str, right: str) -> None:
    """operate includes submit, submit includes read; a missing right is 403."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        response = send(here, right, f"token-{held}")
        if RIGHTS.index(held) >= RIGHTS.index(right):
            assert response.status_code in (200, 202)
        else:
            is_problem(response, 403, "forbidden")
            assert "WWW-Authenticate" not in response.headers


def test_a_token_works_from_anywhere(tmp_path: Path) -> None:
    """With a token neither the address nor a proxy nor the Host matters."""
    with api_client(tmp_path, api_tokens=TOKENS) as here:
        headers = {
            "X-Forwarded-For": "203.0.113.9",
            "Host": "jobs.example.com",
            "Sec-Fetch-Site": "cross-site",
        }
        response = send(
            here, "submit", "token-submit", headers=headers, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}
        )
        assert response.status_code == 202


NOT_LOCAL = [
    ({"REMOTE_ADDR": "203.0.113.9"}, {}),
    ({"REMOTE_ADDR": ""}, {}),
    ({"REMOTE_ADDR": "localhost"}, {}),
    ({"REMOTE_ADDR": "::ffff:10.0.0.1"}, {}),
    ({}, {"Forwarded": "for=203.0.113.9"}),
    ({}, {"X-Forwarded-For": "127.0.0.1"}),
    ({}, {"X-Forwarded-Proto": "https"}),
    ({}, {"X-Forwarded-Host": "localhost"}),
    ({}, {"X-Forwarded-Anything": ""}),
    ({}, {"X-Real-IP": "127.0.0.1"}),
    ({}, {"Via": "1.1 proxy"}),
    ({}, {"Host": "evil.example"}),
    ({}, {"Host": "localhost.evil.example"}),
    ({}, {"Host": "localhost:5000:1"}),
    ({}, {"Host": "user@localhost"}),
    ({}, {"Host": "127.0.0.2"}),
    ({}, {"Host": ""}),
    ({}, {"Sec-Fetch-Site": "cross-site"}),
    ({}, {"Sec-Fetch-Site": "same-site"}),
    ({}, {"Origin": "https://evil.example"}),
    ({}, {"Origin": "null"}),
    ({}, {"Origin": "http://localhost:3000"}),
    ({}, {"Origin": "https://localhost"}),
    ({}, {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"}),
]


@pytest.mark.parametrize(("environ", "headers"), NOT_LOCAL, ids=[str(case) for case in NOT_LOCAL])
def test_without_settings_only_this_machine_is_served(
    tmp_path: Path, environ: dict[str, str], headers: dict[str, str]
) -> None:
    """Anything that hints at another machine, a proxy or a foreign page is 403, naming the two settings."""
    with client_with_views(tmp_path) as here:
        for response in (
            here.get("/jobs", headers=headers, environ_overrides=environ),
            here.post("/jobs", {"task": "add"}, headers=headers, environ_overrides=environ),
            here.client.get("/mine", headers=headers, environ_overrides=environ),
        ):
            document = is_problem(response, 403, "forbidden")
            assert "JOBS_API_TOKENS" in document["detail"]
            assert "JOBS_AUTH" in document["detail"]
        assert here.count() == 0


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {"Host": "localhost:5000"}),
        ({"REMOTE_ADDR": "127.8.9.1"}, {"Host": "127.0.0.1"}),
        ({"REMOTE_ADDR": "::1"}, {"Host": "[::1]:5000"}),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, {"Host": "LOCALHOST"}),
        ({}, {"Host": "localhost:5000", "Origin": "http://localhost:5000", "Sec-Fetch-Site": "same-origin"}),
        ({}, {"Host": "localhost:5000", "Sec-Fetch-Site": "none"}),
    ],
)
def test_without_settings_this_machine_is_served(
    tmp_path: Path, environ: dict[str, str], headers: dict[str, str]
) -> None:
    """A direct request from this machine under one of its names may do everything."""
    with client_with_views(tmp_path) as here:
        assert here.get("/jobs", headers=headers, environ_overrides=environ).status_code == 200
        response = here.post("/jobs", {"task": "add"}, headers=headers, environ_overrides=environ)
        assert response.status_code == 202
        assert here.client.get("/mine", headers=headers, environ_overrides=environ).data == b"mine"


def test_the_hosts_callable_decides(tmp_path: Path) -> None:
    """JOBS_AUTH sees the request and the right; what it refuses is 403, from this machine too."""
    asked = []

    def auth(request: Request, right: str) -> bool:
        asked.append((request.path, right))
        return request.headers.get("X-User") == "ann" and right != "operate"

    with client_with_views(tmp_path, auth=auth) as here:
        assert send(here, "submit", headers={"X-User": "ann"}).status_code == 202
        is_problem(send(here, "operate", headers={"X-User": "ann"}), 403, "forbidden")
        is_problem(send(here, "read"), 403, "forbidden")
        assert here.client.get("/mine", headers={"X-User": "ann"}).data == b"mine"
        is_problem(here.client.get("/mine"), 403, "forbidden")
        assert asked[0] == (f"{API}/jobs", "submit")
        assert asked[-1] == ("/mine", "submit")


def test_either_a_token_or_the_callable_is_enough(tmp_path: Path) -> None:
    """With both set, each lets in what the other does not know; who has neither is 401."""
    with api_client(tmp_path, api_tokens=TOKENS, auth=lambda request, _: "X-User" in request.headers) as here:
        assert send(here, "read", "token-read").status_code == 200
        assert send(here, "operate", headers={"X-User": "ann"}).status_code == 200
        assert send(here, "operate", "token-read", headers={"X-User": "ann"}).status_code == 200
        is_problem(send(here, "operate", "token-read"), 403, "forbidden")
        is_problem(send(here, "read"), 401, "unauthorized")


def test_the_hosts_own_views_are_guarded_alike(tmp_path: Path) -> None:
    """`jobs.requires` answers 401 and 403 as problem documents on a view of the host's."""
    with client_with_views(tmp_path, api_tokens=TOKENS) as here:
        is_problem(here.client.get("/mine"), 401, "unauthorized")
        is_problem(here.client.get("/mine", headers={"Authorization": "Bearer token-read"}), 403, "forbidden")
        assert here.client.get("/mine", headers={"Authorization": "Bearer token-submit"}).data == b"mine"


def test_a_right_that_does_not_exist_is_refused_at_once(tmp_path: Path) -> None:
    """A misspelt right fails where it is written, not when somebody comes."""
    with api_client(tmp_path) as here, pytest.raises(ValueError, match="read, submit, operate"):
        here.jobs.requires("admin")


def test_a_callable_that_fails_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An exception in JOBS_AUTH is a 500 without its text, and nothing is done."""

    def auth(request: Request, right: str) -> bool:
        raise RuntimeError("secret reason")

    with api_client(tmp_path, auth=auth) as here:
        document = is_problem(send(here, "submit"), 500, "internal")
        assert "secret reason" not in str(document)
        assert "secret reason" in caplog.text
