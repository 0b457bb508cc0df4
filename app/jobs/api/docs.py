"""Routes of the API's own description."""

from __future__ import annotations

import hashlib

from flask import Response, request
from werkzeug.datastructures import Headers

from ..serialization.presenter import dump
from .conditional import etag_headers, is_not_modified
from .description import describe
from .responses import NO_STORE, FinalResponse, json_response, not_modified
from .validation import refuse_query


def get_openapi() -> Response:
    """`GET /openapi.json`: this description of the API and its tasks, OpenAPI 3.1; or 304."""
    refuse_query()
    document = describe(request.script_root)
    tag = hashlib.sha256(dump(document)).hexdigest()[:16]
    if is_not_modified(tag):
        return not_modified(etag_headers(tag))
    return json_response(document, headers=etag_headers(tag))


def get_docs() -> Response:
    """`GET /docs`: the same as a page, with a curl line for each route."""
    refuse_query()
    from .openapi.page import POLICY, render_page

    document = describe(request.script_root)
    body = render_page(document, f"{request.host_url.rstrip('/')}{document['servers'][0]['url']}").encode()
    fixed = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
    headers = {**fixed, **NO_STORE, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return FinalResponse([body], 200, Headers(headers))
