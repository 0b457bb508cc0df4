"""Errors of the service's own views as `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify
from marshmallow import ValidationError
from sqlalchemy.exc import OperationalError

from .extensions import jobs
from .jobs import DatabaseUnavailable


class Problem(Exception):
    """Raised in a view to respond with `status` and `detail`; `errors` has an entry for each place."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)

    def response(self) -> Response:
        """The problem document (RFC 9457)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        response = jsonify(body)
        response.status_code = self.status
        response.mimetype = "application/problem+json"
        return response


def places(error: ValidationError) -> list[dict[str, str]]:
    """marshmallow's messages as `errors` entries, one for each place."""
    messages = error.messages
    return _places(messages if isinstance(messages, Mapping) else {"_schema": messages}, "#")


def _places(messages: Mapping[Any, Any], pointer: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for key, value in messages.items():
        place = f"{pointer}/{key}"
        if isinstance(value, Mapping):
            found += _places(value, place)
        else:
            found += [{"pointer": place, "detail": str(message)} for message in value]
    return found


def init_app(app: Flask) -> None:
    """Register error handlers: problems, the exceptions of the jobs, 503 while the database is away."""
    app.register_error_handler(Problem, lambda problem: problem.response())
    jobs.handle_errors(app)
    app.register_error_handler(OperationalError, lambda _error: jobs.problem(DatabaseUnavailable()))
