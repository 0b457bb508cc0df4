"""Signing in with a token, and out."""

from __future__ import annotations

from flask import Response, redirect, request
from werkzeug import Response as BaseResponse

from ..api.access import cross_site_problem, known_token
from ..api.sign_in import COOKIE, SECONDS, cookie_of
from ..service import runtime
from .errors import show_problem
from .rendering import page, path_of, see_other


def show_form() -> Response:
    """`GET /sign-in`: the form, which says so where tokens are not how one signs in here."""
    return page("sign_in.html", next=request.args.get("next", ""), is_wrong=False)


def sign_in() -> BaseResponse:
    """`POST /sign-in`: 303 to where the visitor wanted to go; 403 and the form for an unknown token."""
    if (problem := cross_site_problem(runtime().settings, request)) is not None:
        return show_problem(problem)
    sent, target = request.form.get("token", "").strip(), request.form.get("next", "")
    known = known_token(runtime().settings, sent)
    if known is None:
        return page("sign_in.html", 403, next=target, is_wrong=True)
    response = redirect(target if _is_ours(target) else path_of("show_overview"), 303)
    # SameSite=Lax: other sites' forms do not send it. Path /: the API serves the pages' scripts.
    response.set_cookie(
        COOKIE, cookie_of(known), max_age=SECONDS, httponly=True, samesite="Lax", secure=request.is_secure,
        path=request.script_root or "/",
    )  # fmt: skip
    return response


def sign_out() -> BaseResponse:
    """`POST /sign-out`: forget who the visitor is."""
    response = see_other("show_form", notice="signed-out")
    response.delete_cookie(COOKIE, path=request.script_root or "/")
    return response


def _is_ours(target: str) -> bool:
    """Whether it is a path below the dashboard's: nobody is led to another site."""
    # A browser leaves control characters out, and reads a backslash as a slash: "/\\host" would lead away.
    is_plain = target.isprintable() and "\\" not in target
    return is_plain and target.startswith(path_of("show_overview")) and not target.startswith("//")
