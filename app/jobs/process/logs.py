"""Our loggers: what a host's log handlers raise ends nothing of ours, and no line is what it is not."""

from __future__ import annotations

import logging
import re
import sys
import textwrap
import traceback
from typing import Any, Final

_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT: Final = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""The same but for tabs and line feeds."""
_INDENT: Final = "  "


class Lines(str):
    """A value of several lines, such as a stack: in the log they stay lines, indented."""

    __slots__ = ()


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
    """The guarded logger of that name; values in its lines cannot end a line or move a terminal's cursor."""
    logger = logging.getLogger(name)
    logger.addFilter(_escape)
    return GuardedLogger(logger, {})


def _escape(record: logging.LogRecord) -> bool:
    """Escape control characters in the values and the traceback of a record; lets every record pass."""
    # What tasks, clients and databases say: a line feed would forge a line of the log, an escape sequence
    # rewrite the terminal that shows it.
    if isinstance(record.args, tuple):
        record.args = tuple(map(_escape_value, record.args))
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        record.exc_text = indented(record.exc_text)
    return True


def escape(text: str) -> str:
    """`text` with its control characters escaped: it cannot end a line or move a terminal's cursor."""
    return _CONTROL.sub(_escaped, text)


def indented(text: str) -> str:
    """Some lines, such as a traceback, each indented and otherwise escaped."""
    # The message of an exception may have lines that look like another record's.
    return textwrap.indent(_CONTROL_IN_TEXT.sub(_escaped, text.rstrip("\n")), _INDENT)


def _escape_value(value: object) -> object:
    if isinstance(value, Lines):
        return indented(value)
    return value if isinstance(value, int | float) else escape(str(value))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _report() -> None:
    # Where `logging` itself reports that a handler failed.
    if logging.raiseExceptions and sys.stderr:
        traceback.print_exc(file=sys.stderr)
