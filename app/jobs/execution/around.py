"""The functions of `@jobs.around`, which wrap the attempts of tasks and change nothing of their outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..errors import JobCancelled, JobTimeout
from ..process.logs import get_logger
from .current_job import CurrentJob

log = get_logger(__name__)


def call_wrapped(wrappers: Sequence[Callable[..., Any]], job: CurrentJob, call: Callable[[], Any]) -> Any:
    """What `call` returns or raises, called once within `wrappers`, of which the first is the outermost.

    What a wrapper raises by itself is logged; one that raises JobCancelled or JobTimeout before it has called
    ends the attempt by that.
    """
    for wrapper in reversed(wrappers):
        call = partial(_call_in, wrapper, job, call)
    return call()


class _Call:
    """What a wrapper is given: it calls at most once, and keeps what came of it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.was_called = False
        self.value: Any = None
        self.error: BaseException | None = None

    def __call__(self) -> Any:
        if self.was_called:
            raise RuntimeError("call() runs the task, and can be called once")
        self.was_called = True
        try:
            self.value = self._call()
        except BaseException as error:
            self.error = error
            raise
        return self.value


def _call_in(wrapper: Callable[..., Any], job: CurrentJob, call: Callable[[], Any]) -> Any:
    within = _Call(call)
    try:
        wrapper(job, within)
    except BaseException as error:
        if not within.was_called and isinstance(error, JobCancelled | JobTimeout):
            raise
        if error is not within.error:
            log.exception(
                "job %s (%s): %s raised; the task's outcome stands", job.id, job.task, _name(wrapper)
            )
    else:
        if not within.was_called:
            log.error("job %s (%s): %s did not call the task", job.id, job.task, _name(wrapper))
    if not within.was_called:
        return call()
    if within.error is not None:
        raise within.error
    return within.value


def _name(wrapper: Any) -> str:
    return f"{getattr(wrapper, '__module__', '')}.{getattr(wrapper, '__qualname__', repr(wrapper))}"
