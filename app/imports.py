"""`POST /users/import`: stores an uploaded CSV and submits the job that imports it."""

from __future__ import annotations

from typing import IO, Final
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from . import csv_rows, uploads
from .extensions import db, jobs
from .import_users import import_users
from .jobs import Job
from .models import Import
from .problems import Problem

CHARSETS: Final = ("utf-8", "utf8", "us-ascii", "utf-16")

blueprint = Blueprint("imports", __name__, url_prefix="/users")


@blueprint.post("/import")
@jobs.requires("submit")
def start() -> Response:
    """Take a CSV (columns name, email, age) and answer as `POST /jobs` does."""
    # For this request only, whatever MAX_CONTENT_LENGTH the app has.
    request.max_content_length = current_app.config["MAX_UPLOAD_BYTES"]
    try:
        upload = uploads.save(_sent_file())
    except RequestEntityTooLarge:
        raise Problem(413, f"A CSV may have {request.max_content_length} bytes at most.") from None
    try:
        csv_rows.check_header(uploads.path_of(upload))
        return _submit(upload)
    except csv_rows.BadHeader as error:
        uploads.remove(upload)
        raise Problem(422, str(error)) from None
    except BaseException:  # without a job nobody would ever read the file
        uploads.remove(upload)
        raise


def _submit(upload: UUID) -> Response:
    # One transaction for the row and the job: both exist or neither.
    def submit() -> Job:
        db.session.add(Import(upload=str(upload)))
        return import_users.options(session=db.session).submit(upload=upload)

    response = jobs.accepted_once(lambda: uploads.digest(upload), submit, session=db.session)
    if "Idempotency-Replayed" in response.headers:
        uploads.remove(upload)  # the job of the first request reads the first file
    return response


def _sent_file() -> IO[bytes]:
    if request.mimetype == "multipart/form-data":
        if "file" not in request.files:
            raise Problem(422, "Send the CSV as the field `file`.")
        return request.files["file"].stream
    if request.mimetype != "text/csv":
        raise Problem(415, "Send the CSV as text/csv, or as the field `file` of multipart/form-data.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in CHARSETS:
        raise Problem(415, "The CSV must be UTF-8, or UTF-16 with a byte order mark.")
    return request.stream
