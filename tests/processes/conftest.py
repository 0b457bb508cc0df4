"""Servers for the tests: each with a folder and a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .fleet import Machine, machine
from .servers import Server

Fleet = Callable[..., dict[str, tuple[Machine, Server]]]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    """A machine, on which nothing is left running at the end."""
    with machine(tmp_path) as made:
        yield made


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Starts servers at the same time, each on a machine of its own, and waits until all of them work."""
    with ExitStack() as stack:

        def start(*names: str, **settings: Any) -> dict[str, tuple[Machine, Server]]:
            made = {name: stack.enter_context(machine(tmp_path / name.replace(" ", "_"))) for name in names}
            started = {name: on.start(name, **settings) for name, on in made.items()}
            return {name: (on, on.ready(started[name])) for name, on in made.items()}

        yield start
