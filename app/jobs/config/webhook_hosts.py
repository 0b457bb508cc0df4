"""JOBS_WEBHOOK_HOSTS: whom webhooks may be sent to."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from .checks import names

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class WebhookHosts(NamedTuple):
    """The names of hosts, and networks whose addresses may be connected to although they are not public."""

    names: frozenset[str]
    networks: tuple[Network, ...]

    def includes(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether one of the networks has the address."""
        # ::ffff:10.0.0.1 is 10.0.0.1, and the kernel connects to that.
        real = getattr(address, "ipv4_mapped", None) or address
        return any(real in network for network in self.networks)

    def refusal(self, url: str) -> str | None:
        """Why nothing is sent to `url`, an address that is one; None where it is."""
        host = urlsplit(url).hostname or ""
        try:
            is_listed = self.includes(ipaddress.ip_address(host))
        except ValueError:
            is_listed = host in self.names
        return None if is_listed else f"the host {host!r} is none of JOBS_WEBHOOK_HOSTS"


def webhook_hosts(value: Any) -> WebhookHosts:
    """Names of hosts, addresses and networks, as a list or with commas between them."""
    found: tuple[set[str], list[Network]] = (set(), [])
    for entry in names(value):
        try:
            found[1].append(ipaddress.ip_network(entry.strip("[]")))
        except ValueError:
            if not _NAME.fullmatch(entry) or not re.search("[a-z_-]", entry):
                raise ValueError(
                    f"{entry!r} must be the name of a host in lower case, such as hooks.example.com, or an"
                    " address or a network, such as 10.1.0.0/16: no scheme, no port, no *"
                ) from None
            found[0].add(entry)
    return WebhookHosts(frozenset(found[0]), tuple(found[1]))
