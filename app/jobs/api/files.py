"""Routes of the files of a job."""

from __future__ import annotations

from typing import Final

from flask import Response, request, send_file

from ..service import runtime
from .requests import job_id
from .responses import json_response
from .validation import refuse_query

SAFE: Final = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What a task wrote is never run as a page of the host's: it is an attachment, of the type that it says."""


def list_files(id: str) -> Response:
    """`GET /jobs/{id}/files`: the files by name."""
    refuse_query()
    return json_response({"items": [file.as_dict() for file in runtime().files.files_of(job_id(id))]})


def get_file(id: str, name: str) -> Response:
    """`GET /jobs/{id}/files/{name}`: the content, or the part that Range asks for; 304 by its ETag."""
    refuse_query()
    file, content = runtime().files.open(job_id(id), name)
    try:
        response = send_file(
            content, file.content_type, as_attachment=True, download_name=file.name, conditional=False,
            etag=False,
        )  # fmt: skip
        response.headers.update({**SAFE, "Content-Type": file.content_type})
        response.content_length = file.size
        response.set_etag(file.sha256)
        response.make_conditional(request, accept_ranges=True, complete_length=file.size)
    except BaseException:
        content.close()
        raise
    return response
