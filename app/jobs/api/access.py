"""Access control: closed by default, opened by JOBS_API_TOKENS or JOBS_AUTH.

Three rights, each including the one before: `read`, `submit`, `operate`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import inspect
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, request
from flask.typing import ResponseReturnValue

from ..config import RIGHTS
from ..current import current_runtime
from ..process.logs import get_logger
from .cross_site import TRUSTED_FETCH_SITES, foreign_site
from .problems import Problem
from .sign_in import signed_in_token

if TYPE_CHECKING:
    from ..config import Settings, TokenHolder

log = get_logger(__name__)
P = ParamSpec("P")

OPEN: Final = "open"
"""The declared right of a route that needs none."""
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")

_CALLER: Final = "flask_simmer.caller"
"""Where the environ of a request that JOBS_AUTH let in has what it returned."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]+)?", re.IGNORECASE)
_PROXY_HEADER = re.compile(r"HTTP_(?:FORWARDED\b|X_REAL_IP\b|VIA\b|X_FORWARDED)")
_LOCAL_ONLY = (
    "Neither JOBS_API_TOKENS nor JOBS_AUTH is set, so only direct requests from this machine are served: "
)

_UNPROTECTED = (
    "Neither JOBS_API_TOKENS nor JOBS_AUTH is set: the API serves whoever looks like a local program,"
    " and behind a reverse proxy that adds no header that is everybody. Set one of the two."
)


def requires(
    right: str, job: str | None = None
) -> Callable[[Callable[P, Any]], Callable[P, ResponseReturnValue]]:
    """Decorate a view so that it runs only for callers with `right`.

    Works on any view of the app; others get a problem document, 401 or 403. Put it below `@app.route`. `job`
    names the argument of the view that is the id of a job, for a JOBS_AUTH that looks at it.
    """
    if right not in RIGHTS:
        raise ValueError(f"{right!r} is not a right: choose one of {', '.join(RIGHTS)}")

    def decorate(view: Callable[P, Any]) -> Callable[P, ResponseReturnValue]:
        if job is not None and not _has_argument(view, job):
            raise ValueError(f"{view!r} has no argument {job!r} that could be the id of a job")
        return guard(view, right, job)

    return decorate


def guard(
    view: Callable[P, Any], right: str, job: str | None = None, instead: Callable[..., Any] | None = None
) -> Callable[P, ResponseReturnValue]:
    """As `requires`; where `right` is denied `instead` answers, called with the problem and the arguments."""
    is_async = inspect.iscoroutinefunction(view)

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        # The object behind the proxy: every attribute of the proxy costs a look-up in the context.
        req = request._get_current_object()  # type: ignore[attr-defined]
        problem = access_problem(_settings(), req, right)
        if problem is not None:
            return problem.response() if instead is None else instead(problem, *args, **kwargs)
        run = current_app.ensure_sync(view) if is_async else view
        return cast(ResponseReturnValue, run(*args, **kwargs))

    guarded.right, guarded.job = right, job  # type: ignore[attr-defined]
    return guarded


def _has_argument(view: Callable[..., Any], name: str) -> bool:
    try:
        inspect.signature(view).bind_partial(**{name: ""})
    except TypeError:
        return False
    return True


def has_right(right: str) -> bool:
    """Whether the current request has `right`; a JOBS_AUTH that raises counts as no."""
    try:
        return access_problem(_settings(), request, right) is None
    except Exception:
        log.exception("JOBS_AUTH raised; the request is treated as one without rights")
        return False


def caller() -> str | None:
    """Who sends the current request: the name of the token that it has in JOBS_API_TOKENS, or what JOBS_AUTH
    returned of it in place of True; None where that is not known.
    """
    # Looked up once more, by those who act: most requests need no name.
    if isinstance(name := request.environ.get(_CALLER), str):
        return name
    settings = _settings()
    holder = _token_holder(settings, request) or _signed_in_holder(settings, request)
    return None if holder is None else holder.name


def set_caller(name: str) -> None:
    """Say who sends the current request."""
    request.environ[_CALLER] = name


def warn_if_unprotected(app: Flask, settings: Settings) -> None:
    """Log that everybody may be served, where only the look of a request decides who is local."""
    is_protected = settings.api_tokens or settings.auth or settings.api_prefix is None
    if not (is_protected or app.debug or app.testing):
        log.warning("%s", _UNPROTECTED)


def idempotency_scope() -> str:
    """The scope of an Idempotency-Key: a digest of the current request's credentials."""
    # The scheme is case-insensitive: "Bearer x" and "bearer x" are the same client.
    token = _bearer_token(request)
    credentials = request.headers.get("Authorization", "") if token is None else f"bearer {token}"
    return _digest(credentials).hex()


def access_problem(settings: Settings, request: Request, right: str) -> Problem | None:
    """The problem that denies `right` to `request`, None where it is granted."""
    if not settings.api_tokens and settings.auth is None:
        reason = _non_local_reason(request)
        return None if reason is None else Problem("forbidden", _LOCAL_ONLY + reason)
    holder = _token_holder(settings, request)
    if holder is not None and includes(holder.rights, right):
        return None
    if holder is None:
        holder = _signed_in_holder(settings, request)
        if holder is not None and includes(holder.rights, right):
            return cross_site_problem(settings, request)
    if settings.auth is not None and (known := settings.auth(request, right)):
        request.environ[_CALLER] = known
        return cross_site_problem(settings, request)
    if holder is None and settings.api_tokens:
        detail = "Send one of the tokens of JOBS_API_TOKENS as 'Authorization: Bearer <token>'."
        return Problem("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    return Problem("forbidden", f"This needs the right {right!r}.")


def includes(rights: tuple[str, ...], right: str) -> bool:
    """Whether `rights` hold `right`, by name or by a greater one."""
    return any(RIGHTS.index(held) >= RIGHTS.index(right) for held in rights)


def _settings() -> Settings:
    return cast("Settings", current_runtime().settings)


def _token_holder(settings: Settings, request: Request) -> TokenHolder | None:
    """Who holds the Bearer token that was sent; None for a missing or unknown one."""
    token = _bearer_token(request)
    known = None if token is None else known_token(settings, token)
    return None if known is None else (settings.api_tokens or {})[known]


def known_token(settings: Settings, sent: str) -> str | None:
    """The token of JOBS_API_TOKENS that was `sent`; None for an unknown one."""
    digest, found = _digest(sent), None
    for known in settings.api_tokens or ():
        # Constant time: no early exit, and digests of one length hide that of the tokens.
        if hmac.compare_digest(digest, _digest(known)):
            found = known
    return found


def _signed_in_holder(settings: Settings, request: Request) -> TokenHolder | None:
    """Who holds the token that a browser is signed in with."""
    token = signed_in_token(settings.api_tokens, request)
    return None if token is None else (settings.api_tokens or {})[token]


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def cross_site_problem(settings: Settings, request: Request) -> Problem | None:
    """Refuse a state-changing request that another site's page sends with the user's cookies (CSRF)."""
    if request.method in SAFE_METHODS or (foreign := foreign_site(request)) is None:
        return None
    # A token is nothing that a browser adds by itself, and no page can set this header either.
    if request.headers.get("Origin") in (settings.cors_origins or ()) and _bearer_token(request) is not None:
        return None
    return Problem("forbidden", f"A page of another site may not do this ({foreign}).")


def _non_local_reason(request: Request) -> str | None:
    """Why `request` may not be from a program on this machine; None where it surely is."""
    # environ, not request.headers: this runs for every request, and EnvironHeaders converts each name.
    environ = request.environ
    if not _is_loopback(environ.get("REMOTE_ADDR")):
        return "this one comes from another address."
    if key := _proxy_header(environ):
        return f"this one came through a proxy ({key[5:].replace('_', '-').title()})."
    # A foreign name that resolves to 127.0.0.1 (DNS rebinding) passes the address check, not this one.
    host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if host is None or host["name"].lower() not in LOOPBACK_HOSTS:
        return f"its Host must be {', '.join(LOOPBACK_HOSTS[:2])} or {LOOPBACK_HOSTS[2]}."
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in TRUSTED_FETCH_SITES:
        return "this one was sent by a page of another site (Sec-Fetch-Site)."
    if "HTTP_ORIGIN" in environ and not _is_same_origin(environ["HTTP_ORIGIN"], request):
        return "this one was sent by a page of another site (Origin)."
    return None


def _proxy_header(environ: Mapping[str, Any]) -> str | None:
    """The first header that only a proxy sends."""
    # All names in one search: a search in each takes longer than the rest of the check.
    if not _PROXY_HEADER.search(" ".join(environ)):
        return None
    return next((key for key in environ if _PROXY_HEADER.match(key)), None)


@functools.lru_cache(maxsize=1024)
def _is_loopback(address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    # A dual-stack socket shows 127.0.0.1 as ::ffff:127.0.0.1, which is no loopback to older Pythons.
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _is_same_origin(origin: str, request: Request) -> bool:
    try:
        sent = urlsplit(origin)
    except ValueError:
        return False
    own = (request.scheme, request.environ.get("HTTP_HOST", "").lower())
    return (sent.scheme.lower(), sent.netloc.lower()) == own
