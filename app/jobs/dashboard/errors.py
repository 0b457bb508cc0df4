"""Errors as pages."""

from __future__ import annotations

from flask import Response
from werkzeug.exceptions import HTTPException

from ..api.problems import PROBLEM_TYPES, Problem, problem_of
from .rendering import page


def show_error(error: Exception) -> Response:
    """Error handler: the page of an exception that a view raised."""
    if isinstance(error, HTTPException):
        code = error.code or 500
        return page("error.html", code, title=error.name, detail=error.description, places=())
    return show_problem(error if isinstance(error, Problem) else problem_of(error))


def show_problem(problem: Problem) -> Response:
    """The page of a problem, with its status and headers."""
    status, title = PROBLEM_TYPES[problem.slug]
    response = page("error.html", status, title=title, detail=problem.detail, places=problem.places)
    response.headers.extend(problem.headers)
    return response
