"""Durable steps of one run, above a store that is kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import Cancel, JobCancelled, JobTimeout, ResultNotSerializable, ResultTooLarge, Snooze
from app.jobs.clock import ManualClock
from app.jobs.errors import ClaimLost, DatabaseUnavailable
from app.jobs.execution import steps
from app.jobs.execution.steps import SleepBegun, Steps
from app.jobs.run import FinishedStep, Run

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class MemoryStore:
    """Steps by kind and name; `errors` are raised by the next ones that save, in this order."""

    kept: dict[tuple[str, str], FinishedStep] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    loses_replies: bool = False
    finds: int = 0

    def check_session(self) -> None:
        """The task has no session."""

    def find(self, run: Run, kind: str, name: str) -> FinishedStep | None:
        """Look."""
        self.finds += 1
        return self.kept.get((kind, name))

    def save(self, run: Run, step: FinishedStep) -> None:
        """Keep it, unless something is wrong."""
        assert (step.kind, step.name) not in self.kept
        if not self.errors or self.loses_replies:
            self.kept[step.kind, step.name] = step
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class OneJob:
    """A job of which one run after the other is made."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    number: int = 0

    def next_run(self, sleeps: bool = True, **values: Any) -> Steps:
        """The steps of its next run; `values` are attributes of the run."""
        self.number += 1
        run = Run("id", "work", "default", "{}", 1, 1, None, self.number, "worker", "token", NOW, NOW)
        for name, value in values.items():
            setattr(run, name, value)
        return Steps(run, self.store, self.clock, 100, sleeps)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> OneJob:
    """A job whose database is asked again at once."""
    monkeypatch.setattr(steps, "TRY_EVERY", 0)
    return OneJob()


def test_a_finished_step_is_not_done_again(job: OneJob) -> None:
    """The next run gets what is stored, and both get it as JSON gives it back."""
    calls: list[int] = []

    def work(a: int, *, b: int) -> tuple[int, int]:
        calls.append(a)
        return a, b

    assert job.next_run().call("one", work, 1, b=2) == [1, 2]
    assert job.next_run().call("one", work, 3, b=4) == [1, 2]
    assert calls == [1]


def test_a_first_run_looks_for_nothing(job: OneJob) -> None:
    """There can be no steps of an earlier one: no read."""
    job.next_run().call("one", int)
    assert job.store.finds == 0


def test_none_is_a_result(job: OneJob) -> None:
    """What returns nothing is not done again either."""
    for _ in range(2):
        assert job.next_run().call("one", lambda: None) is None
    assert len(job.store.kept) == 1


def test_a_step_that_raises_is_not_stored_and_can_be_tried_again(job: OneJob) -> None:
    """Also within the run, under the same name."""
    run = job.next_run()
    with pytest.raises(ZeroDivisionError):
        run.call("one", lambda: 1 / 0)
    assert job.store.kept == {}
    assert run.call("one", lambda: 1) == 1


def test_a_name_is_used_once_in_a_run(job: OneJob) -> None:
    """A loop that forgets to say what differs would get the first result again and again: refused."""
    run = job.next_run()
    run.call("mail", int)
    with pytest.raises(ValueError, match=r"'mail' already: each needs its own name.*'mail 17'"):
        run.call("mail", int)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "\ud800", 3, None])
def test_a_name_is_a_line_of_text(job: OneJob, name: Any) -> None:
    """Anything else is refused before the step is done."""
    with pytest.raises(ValueError, match="must be a text of 1 to 200 printable characters"):
        job.next_run().call(name, pytest.fail, "called")


def test_a_step_takes_a_function(job: OneJob) -> None:
    """A call in its place has happened already, and is told."""
    with pytest.raises(TypeError, match="needs a function and its arguments"):
        job.next_run().call("one", len("abc"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({1, 2}, ResultNotSerializable), (float("nan"), ResultNotSerializable),
        (Snooze(1), ResultNotSerializable), (Cancel(), ResultNotSerializable), ("x" * 99, ResultTooLarge),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_stored_is_an_error(job: OneJob, value: Any, error: type[Exception]) -> None:
    """It names the step; nothing is stored."""
    with pytest.raises(error, match="result of the step 'one'"):
        job.next_run().call("one", lambda: value)
    assert job.store.kept == {}


def test_a_step_is_a_cancellation_point(job: OneJob) -> None:
    """Before it is done, and also where its result is there."""
    job.next_run().call("one", int)
    with pytest.raises(JobCancelled):
        job.next_run(cancel_requested_at=0.0).call("one", int)
    with pytest.raises(JobTimeout):
        job.next_run(deadline=0.0).call("two", pytest.fail, "called")
    with pytest.raises(JobCancelled):
        job.next_run(cancel_requested_at=0.0).sleep(1)


def test_a_run_that_lost_its_claim_ends(job: OneJob) -> None:
    """It was presumed dead: what it did is not stored, and no `except Exception` keeps it going."""
    job.store.errors = [ClaimLost()]
    with pytest.raises(JobCancelled, match="presumed dead"):
        job.next_run().call("one", int)


def test_an_outage_is_waited_for(job: OneJob) -> None:
    """What was done is stored when the database is back, and is not done twice."""
    job.store.errors = [DatabaseUnavailable(), DatabaseUnavailable()]
    calls: list[int] = []
    job.next_run().call("one", calls.append, 1)
    assert (len(calls), len(job.store.kept)) == (1, 1)


def test_a_commit_whose_reply_was_lost_counts(job: OneJob) -> None:
    """The step is found when it is to be stored again."""
    job.store.errors, job.store.loses_replies = [DatabaseUnavailable()], True
    assert job.next_run().call("one", lambda: 1) == 1


def test_an_outage_that_lasts_ends_the_attempt(job: OneJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later step of that name in the same run looks first whether it was stored after all."""
    monkeypatch.setattr(steps, "TRY_FOR", -1)
    job.store.errors, job.store.loses_replies = [DatabaseUnavailable()], True
    run = job.next_run()
    with pytest.raises(DatabaseUnavailable):
        run.call("one", lambda: 1)
    assert run.call("one", lambda: 2) == 1


def test_nobody_waits_for_an_outage_beyond_the_timeout(job: OneJob) -> None:
    """Waiting is a cancellation point."""
    job.store.errors = [DatabaseUnavailable()]

    def late() -> None:
        job.clock.advance(10)

    with pytest.raises(JobTimeout):
        job.next_run(deadline=5.0).call("one", late)


def test_a_run_has_a_thousand_steps_at_most(job: OneJob) -> None:
    """What has more is to do more in each."""
    run = job.next_run()
    for number in range(steps.MOST_STEPS):
        run.call(f"step {number}", int)
    with pytest.raises(ValueError, match="more than 1,000 steps"):
        run.call("one more", int)


def test_a_sleep_ends_the_run_and_is_passed_by_when_it_is_over(job: OneJob) -> None:
    """A run that comes too early gets what is left of it; each sleep counts for itself."""
    with pytest.raises(SleepBegun) as begun:
        job.next_run().sleep(60)
    assert begun.value.seconds == 60
    job.clock.advance(20)
    with pytest.raises(SleepBegun) as begun:
        job.next_run().sleep(60)
    assert begun.value.seconds == 40
    job.clock.advance(40)
    run = job.next_run()
    run.sleep(60)
    with pytest.raises(SleepBegun):
        run.sleep(60)
    assert job.store.kept["sleep", "2"].finished_at == NOW + timedelta(seconds=120)


def test_where_delays_are_ignored_a_sleep_only_ends_the_run(job: OneJob) -> None:
    """The inline engine does not wait."""
    with pytest.raises(SleepBegun) as begun:
        job.next_run(sleeps=False).sleep(60)
    assert begun.value.seconds == 0
    job.next_run(sleeps=False).sleep(60)


@pytest.mark.parametrize("seconds", [-1, float("nan"), "60", None, True, 10**12])
def test_a_sleep_takes_seconds(job: OneJob, seconds: Any) -> None:
    """Anything else is the task's error."""
    with pytest.raises(ValueError, match="sleep takes a number of seconds"):
        job.next_run().sleep(seconds)
