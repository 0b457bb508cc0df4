"""What a table of routes has of each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from flask.typing import ResponseReturnValue

View = Callable[..., ResponseReturnValue]


class Route(NamedTuple):
    """One verb on one path, the right that its caller needs, and the view that answers as "module.name"."""

    method: str
    path: str
    right: str
    view: str
    package: str = __package__
    """Where the module is."""

    @property
    def endpoint(self) -> str:
        """The name of the view, which no other route has."""
        return self.view.rpartition(".")[2]

    @property
    def job_argument(self) -> str | None:
        """The argument of the view that is the id of the job which the route is about."""
        return "id" if self.path.startswith("/jobs/<id>") else None

    @property
    def module(self) -> str:
        """The module of the view."""
        return f"{self.package}.{self.view.partition('.')[0]}"

    def load_view(self) -> View:
        """The view itself, imported now."""
        view: View = getattr(import_module(self.module), self.endpoint)
        return view
