"""An import goes on where a crash ended it, and a run that was presumed dead changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, delete

from app import csv_rows, import_users, uploads
from app.extensions import db
from app.models import User

from .conftest import ServiceFactory
from .imports import GOOD, count_users, stored_upload, uploaded
from .support import csv_text, people


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
