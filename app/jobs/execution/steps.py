"""Durable steps of one run: what is finished is stored, and is not done again by a later run of the job."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

from ..checks import SECONDS, text
from ..clock import Clock
from ..errors import ClaimLost, DatabaseUnavailable, JobCancelled, ResultNotSerializable
from ..process.logs import get_logger
from ..run import Cancel, FinishedStep, Run, Snooze
from ..serialization.encoding import stored
from .calls import call_in_this_process
from .cancellation import check
from .results import encode_result

log = get_logger(__name__)
T = TypeVar("T")
STEP: Final = "step"
SLEEP: Final = "sleep"
MOST_STEPS: Final = 1_000
"""Steps and sleeps of one run, so that a job stays something that can be looked at."""
NAME: Final = text(200)
TRY_FOR: Final = 30.0
"""Seconds in which a database that is away is asked again: what a step has done is not to be done twice."""
TRY_EVERY: Final = 0.5


class StepStore(Protocol):
    """Where steps are kept. All raise DatabaseUnavailable."""

    def check_session(self) -> None:
        """Raise OpenTransaction where the task's own session would keep `save` waiting for ever."""

    def find(self, run: Run, kind: str, name: str) -> FinishedStep | None:
        """The step of that name of the run's job, if it is finished."""

    def save(self, run: Run, step: FinishedStep) -> None:
        """Return after the commit. Raises ClaimLost where the run does not own its job any more."""


class SleepBegun(BaseException):
    """Ends a run that is to go on in `seconds`. A BaseException, so that `except Exception` lets it pass."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"sleeps for {seconds:g} s")
        self.seconds = seconds


class Steps:
    """The steps of `run`; without `sleeps` a sleep is over as soon as its run has ended."""

    def __init__(self, run: Run, store: StepStore, clock: Clock, most_bytes: int, sleeps: bool) -> None:
        self._run, self._store, self._clock = run, store, clock
        self._most_bytes, self._sleeps = most_bytes, sleeps
        self._used: dict[tuple[str, str], object] = {}
        self._sleep_count = 0
        # The first run of a job has nothing to look for: a read less for each of its steps.
        self._may_be_stored = run.number > 1

    def call(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """What the step returned, in this run or in an earlier one, as JSON gives it back."""
        _check_call(name, function)
        check(self._run, self._clock)
        self._use(STEP, name)
        try:
            step = self._find(STEP, name) or self._do(name, functools.partial(function, *args, **kwargs))
        except BaseException:
            del self._used[STEP, name]  # it may be tried again within the run
            raise
        return stored(step.result or "null")

    def sleep(self, seconds: float) -> None:
        """Return where the sleep is over; else raise SleepBegun with what is left of it."""
        for _, words in SECONDS.problems(seconds):
            raise ValueError(f"sleep takes {words.removeprefix('must be ')}, not {seconds!r:.200}")
        check(self._run, self._clock)
        self._sleep_count += 1
        name = str(self._sleep_count)
        self._use(SLEEP, name)
        now = self._clock.now()
        sleep = self._find(SLEEP, name)
        if sleep is None:
            until = now + timedelta(seconds=seconds if self._sleeps else 0)
            sleep = FinishedStep(SLEEP, name, None, now, until)
            self._save(sleep)
        elif sleep.finished_at <= now:
            return
        raise SleepBegun((sleep.finished_at - now).total_seconds())

    def _do(self, name: str, function: Callable[[], Any]) -> FinishedStep:
        # Not only by `save`: it would be done, and then could not be stored.
        self._store.check_session()
        started_at = self._clock.now()
        value = call_in_this_process(function)
        where = f"result of the step {name!r}"
        if isinstance(value, Snooze | Cancel):
            raise ResultNotSerializable(f"{where}: return {type(value).__name__} from the task itself")
        result = encode_result(value, self._most_bytes, where)
        step = FinishedStep(STEP, name, result, started_at, self._clock.now())
        self._save(step)
        return step

    def _use(self, kind: str, name: str) -> None:
        mine = object()
        # setdefault is atomic: of two threads with the same name one is refused.
        if self._used.setdefault((kind, name), mine) is not mine:
            raise ValueError(
                f"this run has a step {name!r} already: each needs its own name, in a loop with what differs,"
                f" such as {f'{name} 17'!r}"
            )
        if len(self._used) > MOST_STEPS:
            raise ValueError(f"more than {MOST_STEPS:,} steps and sleeps in one run: let each do more")

    def _find(self, kind: str, name: str) -> FinishedStep | None:
        if not self._may_be_stored:
            return None
        return self._patiently(lambda: self._store.find(self._run, kind, name))

    def _save(self, step: FinishedStep) -> None:
        is_again = False

        def save() -> None:
            nonlocal is_again
            # A commit whose reply was lost may have succeeded.
            if is_again and self._store.find(self._run, step.kind, step.name) is not None:
                return
            is_again = True
            self._store.save(self._run, step)

        try:
            self._patiently(save)
        except ClaimLost as error:
            raise JobCancelled(str(error)) from error
        except DatabaseUnavailable:
            self._may_be_stored = True
            raise

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The answer of the database, asked again for TRY_FOR seconds while it is away."""
        # Not the injected clock: while a test has it stand still this would never end.
        deadline, run, is_logged = time.monotonic() + TRY_FOR, self._run, False
        while True:
            try:
                return ask()
            except DatabaseUnavailable as error:
                if time.monotonic() > deadline:
                    raise
                if not is_logged:
                    log.warning("job %s (%s): a step waits for the database: %s", run.job_id, run.task, error)
                is_logged = True
            check(run, self._clock)
            threading.Event().wait(TRY_EVERY)


def _check_call(name: str, function: Callable[..., Any]) -> None:
    for _, words in NAME.problems(name):
        raise ValueError(f"the name of a step {words}, not {name!r:.200}")
    if not callable(function):
        raise TypeError(f"the step {name!r} needs a function and its arguments, not what it returned")
