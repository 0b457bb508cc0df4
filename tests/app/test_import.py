"""`POST /users/import` and its job: every data line once, whatever happens in between."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, event, func, select

from app import uploads
from app.extensions import db
from app.models import Import, User

from .conftest import ServiceFactory
from .imports import GOOD, count_users, finish, send, stored_upload, uploaded
from .support import csv_text, people


def test_it_answers_as_a_submission_does(make_service: ServiceFactory) -> None:
    """202 with the headers and the keys of `POST /jobs`, and the Location answers with the same job."""
    app = make_service()
    client = app.test_client()
    plain = client.post("/api/v1/jobs", json={"task": "count"})
    answer = send(app, csv_text(GOOD))
    assert answer.status_code == plain.status_code == 202
    for header in ("Location", "Retry-After", "ETag"):
        assert header in answer.headers
    assert set(answer.headers.keys()) == set(plain.headers.keys())
    assert answer.json.keys() == plain.json.keys()  # type: ignore[union-attr]
    assert answer.json["task"] == "users.import"
    assert client.get(answer.headers["Location"]).json["id"] == answer.json["id"]  # type: ignore[index]


def test_imported_and_skipped_are_all_data_lines(make_service: ServiceFactory, url: URL) -> None:
    """Each skipped line has an entry: a bad one, and an address that is there, before or in the file."""
    app = make_service(url)
    app.test_client().post("/users", json={"name": "Old", "email": "person1@example.com", "age": 9})
    rows = [*GOOD, ("X", "nobody", 1), GOOD[0], ("Y", "y@example.com", "old")]
    job = finish(app, send(app, csv_text(rows)).json["id"])
    assert job["result"] == {
        "imported": 2,
        "skipped": 4,
        "errors": [
            {"line": 3, "reason": "address already there"},
            {"line": 5, "reason": "Not a valid email address."},
            {"line": 6, "reason": "address already there"},
            {"line": 7, "reason": "the age is not a whole number"},
        ],
    }
    assert job["progress"]["current"] == job["progress"]["total"] == 6
    assert count_users(app) == 3
    assert uploaded(app) == []


def test_the_first_hundred_errors_are_listed(make_service: ServiceFactory) -> None:
    """The result stays small; the counts are of all lines."""
    app = make_service()
    job = finish(app, send(app, csv_text([("X", "nobody", 1)] * 2_500)).json["id"])
    assert (job["result"]["imported"], job["result"]["skipped"]) == (0, 2_500)
    assert [error["line"] for error in job["result"]["errors"]] == list(range(2, 102))


def test_a_file_of_a_form_is_taken(make_service: ServiceFactory) -> None:
    """multipart/form-data with the field `file`, and with a byte order mark."""
    app = make_service()
    file = (io.BytesIO(b"\xef\xbb\xbf" + csv_text(GOOD).encode()), "people.csv")
    answer = app.test_client().post("/users/import", data={"file": file})
    assert answer.status_code == 202
    assert answer.json is not None
    assert finish(app, answer.json["id"])["result"]["imported"] == 3


@pytest.mark.parametrize(
    ("encoding", "media_type"), [("utf-8", "text/csv"), ("utf-16", "text/csv; charset=UTF-16")]
)
def test_what_spreadsheets_save_is_imported(
    make_service: ServiceFactory, encoding: str, media_type: str
) -> None:
    """Semicolons, and UTF-16 where the media type says so."""
    app = make_service()
    data = csv_text(GOOD).replace(",", ";").encode(encoding)
    answer = app.test_client().post("/users/import", data=data, content_type=media_type)
    assert answer.status_code == 202
    assert answer.json is not None
    assert finish(app, answer.json["id"])["result"] == {"imported": 3, "skipped": 0, "errors": []}


def test_what_is_wrong_with_a_header_is_said_with_what_is_expected(make_service: ServiceFactory) -> None:
    """In the detail of the 422."""
    answer = send(make_service(), "name|email|age\n")
    assert answer.status_code == 422
    assert "'name|email|age'" in answer.json["detail"]
    assert "comma, semicolon or tab, in UTF-8 or in UTF-16" in answer.json["detail"]


def test_an_address_that_comes_while_we_import_is_skipped(
    make_service: ServiceFactory, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found out after the statement that was to insert it: the others are inserted, it has its reason."""
    app = make_service(url)
    late = [people(1, 7)[0]]

    def insert_before(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if late and statement.startswith("INSERT INTO users"):
            name, email, age = late.pop()
            with app.app_context():
                db.session.add(User(name=name, email=email, age=age))
                db.session.commit()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", insert_before)
    job = finish(app, send(app, csv_text(people(20))).json["id"])
    assert job["result"]["imported"] == 19
    assert job["result"]["errors"] == [{"line": 9, "reason": "address already there"}]
    assert count_users(app) == 20


@pytest.mark.parametrize(
    ("data", "media_type", "status"),
    [
        ({"other": (io.BytesIO(b"x"), "x.csv")}, "multipart/form-data", 422),
        (b"{}", "application/json", 415),
        (b"name,email,age\n", "text/csv; charset=latin-1", 415),
        (b"name|email|age\n", "text/csv", 422),
        (b"", "text/csv", 422),
        (b"name,email\nA,a@example.com\n", "text/csv", 422),
        (b"name,email,age\n" + b"x" * 2_000, "text/csv", 413),
        ({"file": (io.BytesIO(b"x" * 2_000), "x.csv")}, "multipart/form-data", 413),
    ],
)
def test_what_is_no_csv_is_refused_at_once(
    make_service: ServiceFactory, data: Any, media_type: str, status: int
) -> None:
    """A problem document, no job, and no file left over."""
    app = make_service(MAX_UPLOAD_BYTES=1_000)
    client = app.test_client()
    answer = client.post("/users/import", data=data, content_type=media_type)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert client.get("/api/v1/jobs?task=users.import").json["items"] == []  # type: ignore[index]
    assert uploaded(app) == []


def test_a_full_backlog_leaves_nothing_behind(make_service: ServiceFactory) -> None:
    """Where the job is not accepted, neither the file nor its row stays."""
    app = make_service(JOBS_MAX_QUEUED=1)
    app.test_client().post("/api/v1/jobs", json={"task": "count"})
    answer = send(app, csv_text(GOOD))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert uploaded(app) == []
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_an_upload_that_is_not_there_fails_with_advice(make_service: ServiceFactory) -> None:
    """By name over HTTP with an id of nothing, and with the file on another machine."""
    app = make_service()
    upload = stored_upload(app, csv_text(GOOD))
    with app.app_context():
        uploads.remove(upload)
    client = app.test_client()
    for given, advice in ((upload, "UPLOAD_FOLDER"), (UUID(int=1), "no upload has the id")):
        job = client.post("/api/v1/jobs", json={"task": "users.import", "args": {"upload": str(given)}}).json
        assert job is not None
        failed = finish(app, job["id"])
        assert failed["state"] == "failed"
        assert advice in failed["error"]["message"]


def test_a_path_is_no_upload(make_service: ServiceFactory) -> None:
    """The argument is an id: nothing outside the folder can be named."""
    body = {"task": "users.import", "args": {"upload": "../../etc/passwd"}}
    answer = make_service().test_client().post("/api/v1/jobs", json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert [error["pointer"] for error in answer.json["errors"]] == ["#/args/upload"]
