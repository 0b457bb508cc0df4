"""`POST /users/import` and its job: every data line once, whatever happens in between."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import URL, delete, func, select

from app import csv_rows, import_users, uploads
from app.extensions import db, jobs
from app.models import Import, User

from .conftest import ServiceFactory
from .support import csv_text, people

GOOD = people(3)


def send(app: Flask, text: str) -> Any:
    return app.test_client().post("/users/import", data=text, content_type="text/csv")


def finish(app: Flask, job_id: str) -> Any:
    """Run all that is queued; the job's JSON."""
    with app.app_context():
        jobs.testing.drain()
    return app.test_client().get(f"/api/v1/jobs/{job_id}").json


def count_users(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def uploaded(app: Flask) -> list[Path]:
    return list(Path(app.config["UPLOAD_FOLDER"]).glob("*"))


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


@pytest.mark.parametrize("crash_at", ["commit", "remove"])
def test_a_run_that_breaks_off_is_gone_on_with(
    make_service: ServiceFactory, url: URL, monkeypatch: pytest.MonkeyPatch, crash_at: str
) -> None:
    """In a batch or after the last one: the next run imports no row twice and counts each once."""
    app = make_service(url)
    monkeypatch.setattr(import_users, "BATCH", 10)
    upload = stored_upload(app, csv_text([*people(25), ("X", "nobody", 1), *people(20, start=15)]))
    with monkeypatch.context() as patch, app.app_context():
        if crash_at == "commit":  # the first one stores the number of lines, then there is one for each batch
            patch.setattr(db.session, "commit", crash_after(4, db.session.commit))
        else:
            patch.setattr(uploads, "remove", crash_after(1, uploads.remove))
        with pytest.raises(Crash):
            import_users.import_users(upload=upload)
    with app.app_context():
        result = import_users.import_users(upload=upload)
    assert result == {
        "imported": 35,
        "skipped": 11,
        "errors": [
            {"line": 27, "reason": "Not a valid email address."},
            *({"line": line, "reason": "address already there"} for line in range(28, 38)),
        ],
    }
    assert count_users(app) == 35
    assert uploaded(app) == []


def test_a_finished_import_gives_its_result_again(make_service: ServiceFactory) -> None:
    """After a crash between the file's end and the outcome, the row alone is enough."""
    app = make_service()
    upload = stored_upload(app, csv_text(GOOD))
    with app.app_context():
        first = import_users.import_users(upload=upload)
        assert import_users.import_users(upload=upload) == first


def test_a_run_that_was_presumed_dead_changes_nothing(
    make_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another run has moved the import on, the old one stops and nothing of its batch stays."""
    app = make_service()
    upload = stored_upload(app, csv_text(GOOD))
    read = csv_rows.read

    def read_late(path: Path) -> Iterator[csv_rows.Line]:
        lines = list(read(path))
        patch.undo()
        with app.app_context():
            import_users.import_users(upload=upload)
            db.session.execute(delete(User))
            db.session.commit()
        return iter(lines)

    with monkeypatch.context() as patch, app.app_context():
        patch.setattr(csv_rows, "read", read_late)
        with pytest.raises(import_users.ImportTakenOver):
            import_users.import_users(upload=upload)
    assert count_users(app) == 0


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


class Crash(BaseException):
    """The process ends here."""


def crash_after(calls: int, real: Any) -> Any:
    """`real`, which ends the process at that call."""
    left = [calls]

    def call(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Crash
        return real(*args, **kwargs)

    return call


def stored_upload(app: Flask, text: str) -> UUID:
    """An upload as the view leaves it, without its job."""
    with app.app_context():
        upload = uploads.save(io.BytesIO(text.encode()))
        db.session.add(Import(upload=str(upload)))
        db.session.commit()
    return upload
