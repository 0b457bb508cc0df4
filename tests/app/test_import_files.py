"""What `POST /users/import` takes and skips, through HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL, event

from app.extensions import db
from app.models import User

from .conftest import ServiceFactory
from .support import csv_text, people
from .test_import import GOOD, count_users, finish, send


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


def test_an_address_that_comes_while_we_import_is_skipped(make_service: ServiceFactory, url: URL) -> None:
    """Found out by the statement that was to insert it: the others are inserted, it has its reason."""
    app = make_service(url)
    late = [people(1, 7)[0]]

    def insert_before(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if late and statement.startswith("INSERT INTO users"):
            name, email, age = late.pop()
            with app.app_context():
                db.session.add(User(name=name, email=email, age=age))
                db.session.commit()

    answer = send(app, csv_text(people(20)))
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", insert_before)
    job = finish(app, answer.json["id"])
    assert late == []
    assert job["result"]["imported"] == 19
    assert job["result"]["errors"] == [{"line": 9, "reason": "address already there"}]
    assert count_users(app) == 20
