"""Who may see a page and act on it: the rights of the API, answered with pages."""

from __future__ import annotations

import functools
from typing import Final

from flask import redirect, request
from flask.typing import ResponseReturnValue

from ..api.access import SAFE_METHODS, access_problem
from ..api.problems import Problem
from ..api.route import View
from ..service import runtime
from .errors import show_problem
from .rendering import path_of

READ_ONLY: Final = "The dashboard is read-only (JOBS_UI_READONLY)."


def protected(right: str, view: View) -> View:
    """`view` for visitors with `right`; others are asked to sign in, or told why not."""

    @functools.wraps(view)
    def guarded(**values: str) -> ResponseReturnValue:
        problem = access_problem(runtime().settings, request, right)
        if problem is None and request.method not in SAFE_METHODS and runtime().settings.ui_readonly:
            problem = Problem("forbidden", READ_ONLY)
        if problem is None:
            return view(**values)
        if problem.slug == "unauthorized" and request.method in SAFE_METHODS:
            return redirect(
                path_of("show_form", next=request.script_root + request.full_path.rstrip("?")), 303
            )
        return show_problem(problem)

    return guarded
