"""`/users`: one person at a time, and the list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies
from marshmallow import validate

from app import people

from .conftest import ServiceFactory

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}


def test_a_person_is_added_and_found(make_service: ServiceFactory) -> None:
    """POST answers 201 with the address at which GET shows the same person."""
    client = make_service().test_client()
    made = client.post("/users", json={**ADA, "email": " Ada@Example.com"})
    assert made.status_code == 201
    assert made.json == {"id": 1, **ADA}
    assert client.get(made.headers["Location"]).json == made.json


def test_an_address_belongs_to_one_person(make_service: ServiceFactory) -> None:
    """The same address again, in whatever case, is a conflict and changes nothing."""
    client = make_service().test_client()
    client.post("/users", json=ADA)
    again = client.post("/users", json={"name": "Other", "email": "ADA@example.com", "age": 1})
    assert again.status_code == 409
    assert again.mimetype == "application/problem+json"
    assert client.get("/users").json == {"items": [{"id": 1, **ADA}], "next_cursor": None}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/age", "#/email", "#/name"]),
        ({**ADA, "age": "36"}, ["#/age"]),
        ({**ADA, "age": 10**30}, ["#/age"]),
        ({**ADA, "age": True}, ["#/age"]),
        ({**ADA, "email": "ada"}, ["#/email"]),
        ({**ADA, "email": "a\n@example.com"}, ["#/email"]),
        ({**ADA, "name": " "}, ["#/name"]),
        ({**ADA, "name": "A\0"}, ["#/name"]),
        ({**ADA, "name": ["A"]}, ["#/name"]),
        ({**ADA, "id": 7}, ["#/id"]),
        ([], ["#"]),
    ],
)
def test_a_body_that_does_not_fit_names_each_place(
    make_service: ServiceFactory, body: Any, pointers: list[str]
) -> None:
    """422 with a pointer for each wrong value; nobody is added."""
    client = make_service().test_client()
    answer = client.post("/users", json=body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert sorted({error["pointer"] for error in answer.json["errors"]}) == pointers
    assert client.get("/users").json == {"items": [], "next_cursor": None}


def test_a_body_must_be_json(make_service: ServiceFactory) -> None:
    """Another media type is 415, broken JSON 400."""
    client = make_service().test_client()
    assert client.post("/users", data="name=Ada").status_code == 415
    broken = client.post("/users", data=b'{"name": \xff', content_type="application/json")
    assert broken.status_code == 400
    assert broken.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 10_000, 400),
        (b'{"name":' + b'{"a":' * 2_500 + b"1" + b"}" * 2_501, 400),
        (b'{"name":"\\ud800","email":"ada@example.com","age":36}', 400),
        (b'{"name":"Ada","name":"Eve","email":"ada@example.com","age":36}', 400),
        (b'{"name":"Ada","email":"ada@example.com","age":NaN}', 400),
        (b" " * 1_000_000 + b"{}", 413),
    ],
)
def test_a_body_is_read_as_strictly_as_the_apis(
    make_service: ServiceFactory, body: bytes, status: int
) -> None:
    """Deep nesting, a name that stands twice, half a surrogate pair, NaN and a huge body are 4xx."""
    client = make_service().test_client()
    answer = client.post("/users", data=body, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert client.get("/users").json == {"items": [], "next_cursor": None}


def test_the_list_is_paged_by_key(make_service: ServiceFactory) -> None:
    """Following the cursor shows everybody once, also when somebody is added between two pages."""
    client = make_service().test_client()
    for number in range(5):
        client.post("/users", json={**ADA, "email": f"{number}@example.com"})
    first = client.get("/users?limit=3").json
    client.post("/users", json={**ADA, "email": "5@example.com"})
    assert first is not None
    second = client.get(f"/users?limit=3&cursor={first['next_cursor']}").json
    assert second is not None
    assert [user["id"] for user in first["items"] + second["items"]] == [1, 2, 3, 4, 5, 6]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "cursor=-1", f"cursor={10**30}", "page=2"]
)
def test_a_query_that_is_not_understood_is_refused(make_service: ServiceFactory, query: str) -> None:
    """A mistyped parameter is 400, not a page of everything."""
    answer = make_service().test_client().get(f"/users?{query}")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", ["/users/1", f"/users/{10**30}", "/users/x"])
def test_nobody_is_404(make_service: ServiceFactory, path: str) -> None:
    """An id that nobody has is not found, however large."""
    assert make_service().test_client().get(path).status_code == 404


def test_the_rights_of_a_token_hold_for_the_service_too(make_service: ServiceFactory) -> None:
    """Without a token 401, with one that may only read 403 for what changes something."""
    app = make_service(JOBS_API_TOKENS={"reader-token": ["read"], "writer-token": ["submit"]})
    client = app.test_client()
    reader = {"Authorization": "Bearer reader-token"}
    assert client.get("/users").status_code == 401
    assert client.get("/users", headers=reader).status_code == 200
    assert client.post("/users", json=ADA, headers=reader).status_code == 403
    assert client.post("/users/import", data="x", headers=reader).status_code == 403
    assert (
        client.post("/users", json=ADA, headers={"Authorization": "Bearer writer-token"}).status_code == 201
    )


@given(strategies.from_regex(people.PLAIN_EMAIL, fullmatch=True))
def test_the_short_way_lets_in_no_address_that_the_long_one_refuses(email: str) -> None:
    """What looks like most addresses do is one by the full rule too."""
    assert validate.Email()(email) == email
