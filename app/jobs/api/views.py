"""Views, imported when the first request comes or once a server is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue

from .access import OPEN, guard
from .links import OPENED, by_link
from .route import Route, View


def load_views(app: Flask) -> None:
    """Import the views of `app`, so that the first requests need not wait for it."""
    for endpoint, view in list(app.view_functions.items()):
        if isinstance(view, UnloadedView):
            app.view_functions[endpoint] = view.load()


class UnloadedView:
    """In the place of a view until it is called: a command needs neither the views nor marshmallow.

    `protect` makes of a view one that answers only callers with the right of its route.
    """

    def __init__(self, route: Route, protect: Callable[[Route, View], View]) -> None:
        self._route, self._protect = route, protect
        self._loaded: View | None = None
        self.right, self.job, self.link = route.right, route.job_argument, link_right(route)
        # As of the view itself: by these other extensions name it.
        self.__name__ = self.__qualname__ = route.endpoint
        self.__module__ = route.module

    def load(self) -> View:
        """The view itself, made once."""
        if self._loaded is None:
            view = self._route.load_view() if self.right == OPEN else self._guarded()
            view.right, view.job, view.link = self.right, self.job, self.link  # type: ignore[attr-defined]
            self._loaded = view
        return self._loaded

    def _guarded(self) -> View:
        return self._protect(self._route, self._route.load_view())

    def __call__(self, **values: Any) -> ResponseReturnValue:
        view, views = self.load(), current_app.view_functions
        # Not where the host has put something around it.
        if views.get(str(request.endpoint)) is self:
            views[str(request.endpoint)] = view
        return view(**values)


def protected_view(route: Route, view: View) -> View:
    """`view` for callers with the right of the route, or with a link of its job that opens it."""
    link = link_right(route)
    return guard(view, route.right, route.job_argument, None if link is None else by_link(view, link))


def link_right(route: Route) -> str | None:
    """The right of a link that opens the route; None where none does."""
    return OPENED.get(f"{route.method} {route.path}") if route.package == __package__ else None
