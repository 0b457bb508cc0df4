"""What the table of routes has of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Response


class Route(NamedTuple):
    """One verb on one path, the right that its caller needs, and the view that answers."""

    method: str
    path: str
    right: str
    view: Callable[..., Response]

    @property
    def endpoint(self) -> str:
        """The name of the view, which no other route has."""
        return self.view.__name__
