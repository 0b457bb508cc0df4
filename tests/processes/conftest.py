"""Servers for the tests: each with a folder and a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .server_host import ServerHost, server_host
from .servers import Server

StartServers = Callable[..., dict[str, tuple[ServerHost, Server]]]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ServerHost]:
    """A folder for servers, of which none is left running at the end."""
    with server_host(tmp_path) as made:
        yield made


@pytest.fixture
def start_servers(tmp_path: Path) -> Iterator[StartServers]:
    """Starts servers at the same time, each in a folder of its own, and waits until all of them work."""
    with ExitStack() as stack:

        def start(*names: str, **settings: Any) -> dict[str, tuple[ServerHost, Server]]:
            made = {
                name: stack.enter_context(server_host(tmp_path / name.replace(" ", "_"))) for name in names
            }
            started = {name: on.start(name, **settings) for name, on in made.items()}
            return {name: (on, on.ready(started[name])) for name, on in made.items()}

        yield start
