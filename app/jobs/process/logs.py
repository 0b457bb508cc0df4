"""Loggers of the threads that must go on: what a host's log handlers raise ends nothing of ours."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any


class GuardedLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger that swallows what filters and handlers raise, as `logging` does for formatters.

    A filter that reads `flask.request`, say, raises in every thread that handles no request.
    """

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """As Logger.log; never raises an Exception."""
        if self.isEnabledFor(level):
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the caller, not this method
            try:
                super().log(level, msg, *args, **kwargs)
            except Exception:
                _report()

    def handle(self, record: logging.LogRecord) -> None:
        """As Logger.handle; never raises an Exception."""
        try:
            self.logger.handle(record)
        except Exception:
            _report()


def get_logger(name: str) -> GuardedLogger:
    """The guarded logger of that name."""
    return GuardedLogger(logging.getLogger(name), {})


def _report() -> None:
    # Where `logging` itself reports that a handler failed.
    if logging.raiseExceptions and sys.stderr:
        traceback.print_exc(file=sys.stderr)
