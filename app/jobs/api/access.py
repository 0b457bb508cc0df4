"""Who may do what: closed by default, opened by JOBS_API_TOKENS or JOBS_AUTH.

Three rights, each including the one before: `read`, `submit`, `operate`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import inspect
import ipaddress
import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast
from urllib.parse import urlsplit

from flask import Request, current_app, request
from flask.typing import ResponseReturnValue

from ..current import current_runtime
from .problems import Problem

if TYPE_CHECKING:
    from ..config import Settings

log = logging.getLogger(__name__)
P = ParamSpec("P")

RIGHTS: Final = ("read", "submit", "operate")
OPEN: Final = "open"
"""The declared right of a route that needs none."""
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
OWN_SITE: Final = ("same-origin", "none")
LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]+)?", re.IGNORECASE)
_PROXY = re.compile(r"HTTP_(?:FORWARDED\b|X_REAL_IP\b|VIA\b|X_FORWARDED)")
_CLOSED = (
    "Neither JOBS_API_TOKENS nor JOBS_AUTH is set, so only direct requests from this machine are served: "
)


def requires(right: str) -> Callable[[Callable[P, Any]], Callable[P, ResponseReturnValue]]:
    """Decorate a view so that it runs only for callers with `right`.

    Works on any view of the app; others get a problem document, 401 or 403. Put it below `@app.route`.
    """
    if right not in RIGHTS:
        raise ValueError(f"{right!r} is not a right: choose one of {', '.join(RIGHTS)}")

    def decorate(view: Callable[P, Any]) -> Callable[P, ResponseReturnValue]:
        is_async = inspect.iscoroutinefunction(view)

        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            # The request itself: each look at the proxy is a look-up in the context.
            asking = request._get_current_object()  # type: ignore[attr-defined]
            problem = refusal(_settings(), asking, right)
            if problem is not None:
                return problem.response()
            run = current_app.ensure_sync(view) if is_async else view
            return cast(ResponseReturnValue, run(*args, **kwargs))

        guarded.right = right  # type: ignore[attr-defined]
        return guarded

    return decorate


def may(right: str) -> bool:
    """Whether the current request's caller has `right`; a JOBS_AUTH that fails counts as no."""
    try:
        return refusal(_settings(), request, right) is None
    except Exception:
        log.exception("JOBS_AUTH failed; the caller is treated as one without rights")
        return False


def scope() -> str:
    """Whose Idempotency-Keys these are: a digest of the current request's credentials."""
    token = _bearer(request)
    credentials = request.headers.get("Authorization", "") if token is None else f"bearer {token}"
    return _digest(credentials).hex()


def refusal(settings: Settings, request: Request, right: str) -> Problem | None:
    """Why `request` may not use `right`; None where it may."""
    if not settings.api_tokens and settings.auth is None:
        reason = _not_local(request)
        return None if reason is None else Problem("forbidden", _CLOSED + reason)
    rights = _rights_of_token(settings, request)
    if rights is not None and includes(rights, right):
        return None
    if settings.auth is not None and settings.auth(request, right):
        return _forgery(request)
    if rights is None and settings.api_tokens:
        detail = "Send one of the tokens of JOBS_API_TOKENS as 'Authorization: Bearer <token>'."
        return Problem("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    return Problem("forbidden", f"This needs the right {right!r}.")


def includes(rights: tuple[str, ...], right: str) -> bool:
    """Whether `rights` hold `right`, by name or by a greater one."""
    return any(RIGHTS.index(held) >= RIGHTS.index(right) for held in rights)


def _settings() -> Settings:
    return cast("Settings", current_runtime().settings)


def _rights_of_token(settings: Settings, request: Request) -> tuple[str, ...] | None:
    """The rights of the Bearer token that was sent; None for no or an unknown one."""
    token = _bearer(request)
    if token is None:
        return None
    sent, found = _digest(token), None
    for known, rights in (settings.api_tokens or {}).items():
        # No early exit and digests of one length: the time tells nothing about the tokens.
        if hmac.compare_digest(sent, _digest(known)):
            found = rights
    return found


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _forgery(request: Request) -> Problem | None:
    """Refuse a state-changing request that another site's page sends with the user's cookies."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in SAFE_METHODS or site is None or site in OWN_SITE:
        return None
    return Problem("forbidden", f"A page of another site may not do this (Sec-Fetch-Site: {site}).")


def _not_local(request: Request) -> str | None:
    """What shows that the request may come from elsewhere than a program on this machine."""
    environ = request.environ
    if not _is_loopback(environ.get("REMOTE_ADDR")):
        return "this one comes from another address."
    if key := _by_a_proxy(environ):
        return f"this one came through a proxy ({key[5:].replace('_', '-').title()})."
    host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if host is None or host["name"].lower() not in LOOPBACK_HOSTS:
        return f"its Host must be {', '.join(LOOPBACK_HOSTS[:2])} or {LOOPBACK_HOSTS[2]}."
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in OWN_SITE:
        return "this one was sent by a page of another site (Sec-Fetch-Site)."
    if "HTTP_ORIGIN" in environ and not _is_own_origin(environ["HTTP_ORIGIN"], request):
        return "this one was sent by a page of another site (Origin)."
    return None


def _by_a_proxy(environ: Mapping[str, Any]) -> str | None:
    """The first header that only a proxy sends."""
    if not _PROXY.search(" ".join(environ)):  # all names at once: asking each takes longer than the rest
        return None
    return next((key for key in environ if _PROXY.match(key)), None)


@functools.lru_cache(maxsize=1024)
def _is_loopback(address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _is_own_origin(origin: str, request: Request) -> bool:
    try:
        sent = urlsplit(origin)
    except ValueError:
        return False
    own = (request.scheme, request.environ.get("HTTP_HOST", "").lower())
    return (sent.scheme.lower(), sent.netloc.lower()) == own
