"""Whether a request was sent by a page of another site (CSRF)."""

from __future__ import annotations

from typing import Final

from flask import Request

TRUSTED_FETCH_SITES: Final = ("same-origin", "none")


def foreign_site(request: Request) -> str | None:
    """The header by which a browser says that another site's page sends it; programs send neither."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return None if site in TRUSTED_FETCH_SITES else f"Sec-Fetch-Site: {site:.100}"
    # Over plain HTTP browsers send Origin alone.
    return None if origin is None or _host_of(origin) in _own_hosts(request) else f"Origin: {origin:.100}"


def _host_of(origin: str) -> str:
    """Without the scheme, which says nothing where a proxy has ended TLS; "null" for an opaque one."""
    return origin.lower().rpartition("://")[2]


def _own_hosts(request: Request) -> list[str]:
    # A proxy may say in X-Forwarded-Host, which no page can set, what the browser said in Host.
    sent = (request.headers.get("Host", ""), *request.headers.get("X-Forwarded-Host", "").split(","))
    return [name for each in sent if (name := each.strip().lower())]
