"""Links to one job for a browser without a token: what is signed, who verifies it, which routes it opens.

A link is the address of a job with a query parameter that names rights and the moment of its end, signed with
the app's SECRET_KEY for this job alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import quote

from flask import Response, current_app, has_request_context, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.datastructures import MultiDict

from ..checks import POSITIVE_SECONDS
from ..errors import ConfigError
from ..job import LinkRight
from ..service import runtime
from .access import set_caller
from .problems import Problem

PARAMETER: Final = "signature"
"""The query parameter of a link."""
RIGHTS: Final[tuple[str, ...]] = get_args(LinkRight)
OPENED: Final = {
    "GET /jobs/<id>": "read",
    "GET /jobs/<id>/result": "read",
    "GET /jobs/<id>/logs": "read",
    "GET /jobs/<id>/stream": "read",
    "GET /jobs/<id>/files": "read",
    "GET /jobs/<id>/files/<name>": "read",
    "POST /jobs/<id>/cancel": "cancel",
}
"""The routes that a link opens, and the right that it must name. Attempts, events and steps tell of workers
and operators: they stay closed."""
NOT_BY_LINK: Final = "explain"
"""The query parameter of `GET /jobs/<id>` that tells of other jobs."""
BY_LINK: Final = "flask_simmer.link"
"""Where the environ of a request that only its link let in has the Link."""
CALLER: Final = "link"
"""Who cancels a job by a link, in its events."""
HEADERS: Final = {"Referrer-Policy": "no-referrer"}
"""Of what is shown by a link: no other site learns its address."""

_RIGHT_OF: Final = {
    route.rpartition("/")[2].replace("<id>", "self"): right for route, right in OPENED.items()
}
"""The right that each of the `links` of a job needs."""
_NOT_VALID: Final = "The link is not valid for this job: ask for a new one where you got it."
_EXPIRED: Final = "The link has expired: ask for a new one where you got it."


class Link(NamedTuple):
    """A valid link that a request came by."""

    signature: str
    right: str

    def allows(self, right: str) -> bool:
        """Whether it names the right, or a greater one."""
        return RIGHTS.index(self.right) >= RIGHTS.index(right)

    def sign(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """Those of the `links` of a job that it opens, each with its parameter."""
        return {
            name: _with_parameter(address, self.signature)
            for name, address in addresses.items()
            if name in _RIGHT_OF and self.allows(_RIGHT_OF[name])
        }


def job_url(job_id: str, rights: Collection[str] = ("read",), expires: float = 3600.0) -> str:
    """The path of a link to the job, valid for `expires` seconds.

    Raises ConfigError where the app has no SECRET_KEY or no API, ValueError for other rights or durations.
    """
    keys = _keys()
    if not keys:
        raise ConfigError("links are signed: set the app's SECRET_KEY to a long random text")
    for _, words in POSITIVE_SECONDS.problems(expires):
        raise ValueError(f"expires={expires!r}: {words}")
    end = math.ceil(runtime().clock.now().timestamp() + expires)
    signature = str(_signer(keys, job_id).dumps([_greatest(rights), end]))
    return _with_parameter(api_path(f"/jobs/{job_id}"), signature)


def api_path(route: str) -> str:
    """The path of a route of the API, also outside a request. Raises ConfigError where there is no API."""
    prefix = runtime().settings.api_prefix
    if prefix is None:
        raise ConfigError("there is no API that a link could lead to: JOBS_API_PREFIX is None")
    root = request.script_root if has_request_context() else current_app.config["APPLICATION_ROOT"]
    return f"{root.rstrip('/')}{quote(prefix)}{route}"


def by_link(view: Callable[..., Any], right: str) -> Callable[..., Any]:
    """What answers a request that nobody else lets in: `view` where its link names `right`."""

    def answer(problem: Problem, **values: str) -> Response:
        signature = request.args.get(PARAMETER)
        if signature is None:
            return problem.response()
        link = _verified(signature, values["id"])
        if not link.allows(right):
            raise Problem("forbidden", f"This link does not allow {right!r}.")
        if NOT_BY_LINK in request.args:
            raise Problem("forbidden", f"A link does not tell of other jobs: leave {NOT_BY_LINK!r} out.")
        request.environ[BY_LINK] = link
        set_caller(CALLER)
        response: Response = view(**values)
        response.headers.update(HEADERS)
        if response.headers.get("Cache-Control") == "no-cache":
            response.headers["Cache-Control"] = "private, no-cache"  # a token's responses are by nature
        return response

    return answer


def without_link(sent: MultiDict[str, str]) -> MultiDict[str, str]:
    """The other parameters, on a route that links open: who has the right by other means may use one, too."""
    view = current_app.view_functions[str(request.endpoint)]
    if PARAMETER not in sent or getattr(view, "link", None) is None:
        return sent
    return MultiDict((name, value) for name, value in sent.items(multi=True) if name != PARAMETER)


def _verified(signature: str, job_id: str) -> Link:
    """Raises Problem (403) for one that was not signed for this job, or whose end has come."""
    try:
        right, end = _signer(_keys(), job_id).loads(signature)
    except (BadData, ValueError):  # ValueError: what is no UTF-8
        raise Problem("forbidden", _NOT_VALID) from None
    if runtime().clock.now().timestamp() >= end:
        raise Problem("forbidden", _EXPIRED)
    return Link(signature, right)


def _signer(keys: list[Any], job_id: str) -> URLSafeSerializer:
    # A key of its own for each job: of what is signed for one, nothing is worth anything for another.
    return URLSafeSerializer(
        keys, salt=f"flask-simmer.link.{job_id}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )  # fmt: skip


def _keys() -> list[Any]:
    """The app's keys, the one that signs last; empty without a SECRET_KEY."""
    key = current_app.secret_key
    return [*(current_app.config.get("SECRET_KEY_FALLBACKS") or ()), key] if key else []


def _greatest(rights: Collection[str]) -> str:
    is_list = isinstance(rights, Collection) and not isinstance(rights, str)
    if not (is_list and rights and all(right in RIGHTS for right in rights)):
        raise ValueError(f'rights={rights!r}: must be a list of {" and ".join(RIGHTS)}, such as ("read",)')
    return max(rights, key=RIGHTS.index)


def _with_parameter(address: str, signature: str) -> str:
    return f"{address}?{PARAMETER}={signature}"
