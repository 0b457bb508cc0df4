"""Sends signals: to each receiver in a fresh app context, whatever a receiver does."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

from blinker import NamedSignal
from flask import Flask

from ..process.logs import get_logger
from .sessions import session_closer

log = get_logger(__name__)


class Receivers:
    """The receivers of one app's signals."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._logged: set[tuple[str, str]] = set()

    def are_there(self, signal: NamedSignal) -> bool:
        """Whether somebody listens to `signal` of this app."""
        return bool(signal.receivers) and signal.has_receivers_for(self._app)

    def send(self, signal: NamedSignal, **values: Any) -> None:
        """Call the receivers with the app and `values`, one after the other. Never raises an Exception.

        In an empty contextvars context and a fresh app context: neither the caller's request nor its session
        gets into them. What one raises is logged, the first time that it raises.
        """
        for receiver in list(signal.receivers_for(self._app)):
            try:
                contextvars.Context().run(self._call, receiver, values)
            except KeyboardInterrupt:
                raise
            except BaseException:  # also SystemExit: it would end a thread of ours
                self._log(signal, receiver)

    def _call(self, receiver: Callable[..., Any], values: dict[str, Any]) -> None:
        close_session = None
        try:
            with self._app.app_context():
                close_session = session_closer(self._app)
                self._app.ensure_sync(receiver)(self._app, **values)
        finally:
            if close_session is not None:
                close_session()

    def _log(self, signal: NamedSignal, receiver: Any) -> None:
        name = f"{getattr(receiver, '__module__', '')}.{getattr(receiver, '__qualname__', repr(receiver))}"
        if (signal.name, name) not in self._logged:
            self._logged.add((signal.name, name))
            log.exception("a receiver of %s raised, which is logged once: %s", signal.name, name)
