"""The numbers of an overview, over a manual clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.errors import InvalidArguments
from app.jobs.run import Failure, Outcome
from app.jobs.schedules.declaration import Declaration
from app.jobs.service import overview as module
from app.jobs.service.overview import Overview
from app.jobs.store import completion, history, jobs, runs, schedules

from ..store.factory import NOW, OUTCOMES, claim_one, register, submit


class Here:
    """An overview of a database, on a clock of its own."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock(NOW)
        self.overview = Overview(database, self.clock, is_sampled=True)
        with database.write() as conn:
            register(conn)

    def sample(self) -> None:
        """As the ticker does."""
        with self.database.write() as conn:
            assert history.sample(conn, history.sampled_at(conn), self.clock.now())

    def end(self, outcome: Outcome, task: str = "add", wait: float = 0.0, run: float = 1.0) -> str:
        """A job that ends now, after so many seconds; its id."""
        with self.database.write() as conn:
            claim = claim_one(conn, submit(conn, task=task))
            assert claim is not None
            now = self.clock.now()
            started = now - timedelta(seconds=run)
            ended = replace(
                claim, run_at=started - timedelta(seconds=wait), outcome=outcome, started_at=started,
                finished_at=now,
            )  # fmt: skip
            completion.complete(conn, [ended], "worker-1")
        return claim.job_id

    def fail(self, type_: str, message: str, task: str = "add") -> str:
        """A job that fails now."""
        return self.end(Outcome("failed", failure=Failure(type_, message)), task)


@pytest.fixture
def here(database: Database) -> Here:
    """With a first sample, once for each kind of database."""
    made = Here(database)
    made.sample()
    return made


@pytest.mark.parametrize(
    ("window", "step", "steps"), [("1h", 60, 60), ("24h", 3_600, 24), ("7d", 21_600, 28)]
)
def test_throughput_has_a_bucket_for_each_step(here: Here, window: str, step: int, steps: int) -> None:
    """Aligned to UTC, oldest first, the current one last; what ended before the window is not in it."""
    for verb, passes in (("succeeded", 0), ("succeeded", 70), ("failed", 3_590), ("cancelled", 1_800)):
        here.clock.advance(passes)
        here.sample()
        here.end(OUTCOMES[verb])
    found = here.overview.throughput(window)
    now = here.clock.now()
    assert (found.window, found.step, len(found.items)) == (window, step, steps)
    assert found.items[-1].at == history.floor(now, step)
    assert [later.at - each.at for each, later in zip(found.items, found.items[1:], strict=False)] == [
        timedelta(seconds=step)
    ] * (steps - 1)
    ended = {
        (each.at, state): count
        for each in found.items
        for state in ("succeeded", "failed", "cancelled")
        if (count := getattr(each, state))
    }
    failed, cancelled = (history.floor(NOW + timedelta(seconds=after), step) for after in (3_660, 5_460))
    expected = {(failed, "failed"): 1, (cancelled, "cancelled"): 1}
    assert ended == (expected if window == "1h" else {(NOW, "succeeded"): 2, **expected})


def test_another_window_is_refused(here: Here) -> None:
    """With the names of those that there are."""
    for ask in (here.overview.throughput, here.overview.percentiles, here.overview.task_statistics):
        with pytest.raises(InvalidArguments, match="1h, 24h, 7d"):
            ask("2h")


def test_percentiles_and_statistics_are_of_the_window(here: Here) -> None:
    """Of all tasks or of one, in seconds; retried runs are runs, but no ends."""
    here.end(OUTCOMES["succeeded"], "old", run=500)
    here.clock.advance(7_200)
    here.sample()
    for _ in range(3):
        here.end(OUTCOMES["succeeded"], "add", wait=4, run=2)
    here.end(OUTCOMES["failed"], "add", wait=4, run=2)
    here.end(OUTCOMES["retrying"], "add", wait=4, run=2)
    here.end(OUTCOMES["succeeded"], "mail", wait=0.02, run=40)
    found = here.overview.percentiles("1h")
    assert (found.run.count, found.wait.count) == (6, 6)
    assert found.run.p50 == pytest.approx(2, rel=0.5)
    mail = here.overview.percentiles("1h", task="mail")
    assert mail.run.count == 1
    assert [mail.run.p50, mail.wait.p50] == pytest.approx([40, 0.02])
    assert here.overview.percentiles("1h", task="none").run.p50 is None
    add, one_mail = here.overview.task_statistics("1h")
    assert (add.task, add.succeeded, add.failed, add.cancelled, add.success_rate) == ("add", 3, 1, 0, 0.75)
    assert add.run.count == 5
    assert add.wait.p95 == pytest.approx(4, rel=0.3)
    assert (one_mail.task, one_mail.success_rate) == ("mail", 1.0)
    assert {each.task for each in here.overview.task_statistics("7d")} == {"add", "mail", "old"}


def test_before_the_first_sample_nothing_is_known(database: Database) -> None:
    """Unless nobody takes samples, where jobs run in the caller: then all that was counted is of now."""
    here = Here(database)
    here.end(OUTCOMES["succeeded"])
    for is_sampled, expected in ((True, 0), (False, 1)):
        overview = Overview(database, here.clock, is_sampled)
        assert overview.percentiles("1h").run.count == expected
        assert sum(each.succeeded for each in overview.throughput("1h").items) == expected


def test_failures_are_grouped_by_cause(here: Here) -> None:
    """By task, type and message apart from numbers: with the last message, its job, and first and last."""
    here.fail("KeyError", "row 17 of 0x7f3a is missing")
    here.clock.advance(5)
    here.fail("KeyError", "'x'")
    here.clock.advance(1)
    last = here.fail("KeyError", "row 4 of 0x11 is missing")
    here.clock.advance(5)
    mail = here.fail("OSError", "x" * 5_000, "mail")
    retried = here.fail("KeyError", "row 5 of 0x11 is missing")
    with here.database.write() as conn:
        assert jobs.retry(conn, retried, here.clock.now())
    found = here.overview.failures(NOW)
    assert (found.groups, found.is_sampled) == (3, False)
    assert [(each.task, each.type, each.message, each.count) for each in found.items] == [
        ("mail", "OSError", None, 1),
        ("add", "KeyError", "row 4 of 0x11 is missing", 2),
        ("add", "KeyError", "'x'", 1),
    ]
    group = found.items[1]
    assert (group.job_id, group.first_at, group.last_at) == (last, NOW, NOW + timedelta(seconds=6))
    assert here.overview.failures(NOW, limit=1).items == (found.items[0],)
    assert (found.items[0].job_id, here.overview.failures(NOW + timedelta(seconds=7)).groups) == (mail, 1)


def test_failures_say_where_there_are_more(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many failed jobs only the last ones are counted."""
    monkeypatch.setattr(module, "MOST_FAILURES", 3)
    for _ in range(4):
        here.fail("ValueError", "no")
    found = here.overview.failures(NOW)
    assert (found.items[0].count, found.is_sampled) == (3, True)


def test_running_jobs_show_how_far_they_are(here: Here) -> None:
    """The longest first, with progress, elapsed time, and whether they are beyond their timeout."""
    with here.database.write() as conn:
        old = claim_one(conn, submit(conn, timeout=5.0))
        new = claim_one(conn, submit(conn, timeout=500.0, queue="q"))
        assert old is not None
        assert new is not None
        old.started_at = NOW - timedelta(seconds=7)
        runs.record_starts(conn, [old])
        runs.record_progress(conn, [(old, (1, 4, "rows"))])
    first, second = here.overview.running()
    assert (first.job_id, first.worker, first.elapsed_seconds, first.overdue) == (
        old.job_id,
        "worker-1",
        7,
        True,
    )
    assert (first.progress.current, first.progress.percent, first.progress.message) == (1, 25, "rows")
    assert (second.job_id, second.queue, second.overdue, second.timeout) == (new.job_id, "q", False, 500)
    assert [each.job_id for each in here.overview.running(limit=1)] == [old.job_id]


def test_next_fires_are_those_that_come_first(here: Here) -> None:
    """With what their triggers mean; none of a schedule that is paused."""
    with here.database.write() as conn:
        for name, seconds in (("late", 900), ("soon", 30), ("off", 10)):
            trigger = {"type": "interval", "seconds": seconds}
            words = {"task": "add", "args": {}, "trigger": trigger}
            schedules.add(conn, Declaration.of(name, words, None), NOW, paused=name == "off")
    found = here.overview.next_fires()
    assert [(each.schedule_id, each.fire_at, each.description) for each in found] == [
        ("soon", NOW + timedelta(seconds=30), "Every 30 seconds"),
        ("late", NOW + timedelta(seconds=900), "Every 900 seconds"),
    ]
    assert [each.schedule_id for each in here.overview.next_fires(1)] == ["soon"]


def test_counts_are_those_of_the_states(here: Here) -> None:
    """As `/stats` has them, with the age of the oldest due job."""
    here.end(OUTCOMES["succeeded"])
    with here.database.write() as conn:
        submit(conn)
    here.clock.advance(9)
    found = here.overview.counts()
    assert found.states["succeeded"] == {"value": 1, "capped": False}
    assert (found.states["queued"]["value"], found.oldest_queued_seconds) == (1, 9)


def test_the_change_token_differs_in_each_minute(here: Here) -> None:
    """What changes only with time is looked at again then."""
    tokens = []
    for _ in range(3):
        tokens.append(here.overview.change_token())
        here.clock.advance(30)
    assert tokens[0] == tokens[1] != tokens[2]
