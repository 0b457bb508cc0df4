"""What is logged in a run becomes lines of its job's log.

No handler does it. One at the root logger would change what the host sees: `logging.basicConfig` does nothing
beside it, Flask adds no handler of its own, and the last resort for warnings is gone; `dictConfig` would
remove it, and loggers that do not propagate never reach it. So the lines are taken where `logging` makes its
records, by the record factory, which calls the one that was there before: levels, handlers and filters stay
as they are. A record outside a job costs one look at a context variable more.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from json import JSONEncoder
from typing import Any, Final

from ..log_buffer import LogBuffer
from ..run import Run
from ..serialization.text import UNREADABLE, safe_str, storable
from .failure import describe_exception
from .secrets import hider_of

PACKAGE: Final = __name__.removesuffix(".execution.logs")
TASKS: Final = f"{PACKAGE}.tasks."
"""What the names of the loggers of tasks begin with."""
MAX_LINE_BYTES: Final = 16 * 1024
"""Bytes of a message that are kept."""
MAX_NAME_BYTES: Final = 200
STDOUT: Final = "stdout"
"""The name under which printed lines stand."""

_ENCODE: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_Factory = Callable[..., logging.LogRecord]


class RunLog:
    """Takes the lines of one run; nothing is made for one that logs nothing. From any thread."""

    __slots__ = ("_hide", "_printed", "_run", "_words")

    def __init__(self, run: Run, words: tuple[str, ...] | None) -> None:
        self._run, self._words = run, words
        self._hide: Callable[[str], str] | None = None
        self._printed = ""

    def add(self, record: logging.LogRecord) -> None:
        """Add a record. Never raises, whatever its message and its exception do."""
        name = record.name
        # What the package says of a job stands in its events and attempts.
        if not isinstance(name, str) or (name.startswith(PACKAGE) and not name.startswith(TASKS)):
            return
        traceback = _traceback(record)
        self._add_line(record.created, record.levelno, record.levelname, name, _message(record), traceback)

    def print(self, text: str) -> None:
        """Add what was printed, line by line."""
        with _lock:
            *lines, self._printed = (self._printed + text).split("\n")
            if len(self._printed) > MAX_LINE_BYTES:
                lines, self._printed = [*lines, self._printed], ""
        for line in lines:
            self._add_line(time.time(), logging.INFO, "INFO", STDOUT, line, None)

    def end_line(self) -> None:
        """Add what was printed last, if that is not a whole line."""
        if self._printed:
            self.print("\n")

    def _add_line(
        self, at: float, level: int, level_name: str, logger: str, message: str, traceback: str | None
    ) -> None:  # fmt: skip
        if self._hide is None:
            self._hide = hider_of(self._run, self._words)
        message = storable(self._hide(message), MAX_LINE_BYTES)
        if traceback is not None:
            traceback = self._hide(traceback)
        name, level_name = storable(logger, MAX_NAME_BYTES), storable(level_name, MAX_NAME_BYTES)
        buffer_of(self._run).append(level, _ENCODE([at, level, level_name, name, message, traceback]))


class TaskLogger(logging.Logger):
    """The logger of a task: from INFO on all it says is in the job's log.

    What the host's configuration lets pass goes to the logger of that name as well.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._logger = logger = logging.getLogger(name)
        self.handlers, self.filters, self.parent = logger.handlers, logger.filters, logger.parent

    def isEnabledFor(self, level: int) -> bool:
        """Whether a record is made."""
        return level >= logging.INFO or self._logger.isEnabledFor(level)

    def handle(self, record: logging.LogRecord) -> None:
        """Give the record, which is in the job's log already, to the host's handlers."""
        if self._logger.isEnabledFor(record.levelno):
            self._logger.handle(record)

    def setLevel(self, level: int | str) -> None:
        """As of the logger of that name."""
        self._logger.setLevel(level)


_active: contextvars.ContextVar[RunLog | None] = contextvars.ContextVar("simmer_log", default=None)
active_log: Final = _active.get
"""The log of the run that the calling thread is in, None outside."""
_lock = threading.RLock()


def log_into(log: RunLog) -> None:
    """Take what is logged in this context, and in copies of it, into `log`."""
    _active.set(log)
    if logging.getLogRecordFactory() is not _capture.reaching:
        _capture.install()


def buffer_of(run: Run) -> LogBuffer:
    """Where a run keeps what is not stored yet; made by its first line."""
    if run.log is None:
        with _lock:
            run.log = run.log or LogBuffer()
    return run.log


class _Capture:
    """Puts our factory of records before the one that is there."""

    reaching: _Factory | None = None
    """The factory of which is known that it comes to ours: a host may have put its own before it."""

    def install(self) -> None:
        """Let every record come to ours, once."""
        with _lock:
            factory = logging.getLogRecordFactory()
            if not _comes_to_ours(factory):
                factory = _capturing(factory)
                logging.setLogRecordFactory(factory)
            self.reaching = factory


_capture: Final = _Capture()


def _capturing(factory: _Factory) -> _Factory:
    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        if (log := _active.get()) is not None:
            log.add(record)
        return record

    return make_record


class _Probe(RunLog):
    """Tells whether a record came to it."""

    __slots__ = ("is_reached",)

    def __init__(self) -> None:
        self.is_reached = False

    def add(self, record: logging.LogRecord) -> None:
        self.is_reached = True


def _comes_to_ours(factory: _Factory) -> bool:
    """Whether it calls ours."""
    probe = _Probe()

    def make_record() -> None:
        _active.set(probe)
        factory(PACKAGE, logging.DEBUG, __file__, 0, "", (), None)

    with contextlib.suppress(Exception):  # a factory of the host's may read the request, say
        contextvars.copy_context().run(make_record)
    return probe.is_reached


def _message(record: logging.LogRecord) -> str:
    try:
        return safe_str(record.getMessage())
    except BaseException:  # from __str__ of a value, or for values that do not fit: the record is kept
        return f"{safe_str(record.msg)} {UNREADABLE}"


def _traceback(record: logging.LogRecord) -> str | None:
    info = record.exc_info
    error = info[1] if isinstance(info, tuple) and len(info) == 3 else None
    return None if error is None else describe_exception(error).traceback
