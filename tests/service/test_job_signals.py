"""Signals of jobs: which are sent on each engine, after which commit, and that silence costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from app.jobs import Job, Simmer, current_job, signals
from tests.reliability.manual_worker import ManualWorker, make_manual_app
from tests.support import eventually

MakeApp = Callable[..., Flask]
OF_JOBS = [
    getattr(signals, name) for name in vars(signals) if name.startswith("job_")
]  # fmt: skip


@contextmanager
def listening(jobs: Simmer, app: Flask) -> Iterator[list[tuple[str, str, str]]]:
    """(signal, task, state) of each signal of a job, and of what is stored at that moment."""
    heard: list[tuple[str, str, str]] = []

    def receiver(name: str) -> Callable[..., None]:
        def receive(sender: Flask, job: Job) -> None:
            assert jobs.get(job.id).version >= job.version  # it is committed
            heard.append((name, job.task, job.state))

        return receive

    with ExitStack() as stack:
        for signal in OF_JOBS:
            stack.enter_context(signal.connected_to(receiver(signal.name.removeprefix("job-")), sender=app))
        yield heard


@pytest.fixture
def jobs() -> Simmer:
    """A Simmer with tasks that end in each way."""
    made = Simmer()
    made.task("add")(lambda: 1)

    @made.task(max_attempts=2, backoff=0)
    def fail() -> None:
        raise ValueError("no")

    return made


@pytest.mark.parametrize("engine", ["thread", "inline", "manual"])
def test_every_engine_sends_the_life_of_a_job(make_app: MakeApp, jobs: Simmer, engine: str) -> None:
    """In its order, each after its commit."""
    app = make_app(jobs, JOBS_ENGINE=engine)
    with app.app_context(), listening(jobs, app) as heard:
        if engine == "thread":
            jobs.start()
        for task in ("add", "fail"):
            job = jobs.submit(task)
            if engine == "manual":
                jobs.testing.drain()
            assert jobs.wait(job.id, 10).is_final
            eventually(lambda: heard[-1][0] in ("succeeded", "failed"))
        if engine != "inline":
            jobs.cancel(jobs.submit("add", delay=60).id)
    names = [(name, task) for name, task, _ in heard]
    expected = [
        *((name, "add") for name in ("submitted", "started", "succeeded")),
        *((name, "fail") for name in ("submitted", "started", "retrying", "started", "failed")),
    ]
    if engine != "inline":
        expected += [("submitted", "add"), ("cancelled", "add")]
    if engine == "thread":  # the dispatcher may send an end while the next attempt has begun
        names, expected = sorted(names), sorted(expected)
    assert names == expected
    assert {state for name, _, state in heard if name in ("failed", "succeeded")} == {"failed", "succeeded"}


def test_a_job_of_a_transaction_is_submitted_by_its_commit(make_app: MakeApp, jobs: Simmer) -> None:
    """A rollback sends nothing."""
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context(), listening(jobs, app) as heard:
        session = app.extensions["sqlalchemy"].session
        jobs.submit("add", session=session)
        session.rollback()
        jobs.submit("add", session=session)
        assert heard == []
        session.commit()
        assert heard == [("submitted", "add", "queued")]


def test_a_fire_time_submits(make_app: MakeApp, jobs: Simmer) -> None:
    """The job of a schedule is a submission like any other."""
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context(), listening(jobs, app) as heard:
        jobs.add_schedule(task="add", trigger="interval", seconds=60)
        jobs.testing.advance("1m")
        assert heard == [("submitted", "add", "queued")]


def test_many_that_are_cancelled_are_told(make_app: MakeApp, jobs: Simmer) -> None:
    """One signal for each that has ended, none for those that were asked to stop."""
    begun, go_on = threading.Event(), threading.Event()

    @jobs.task
    def stay() -> None:
        begun.set()
        go_on.wait(10)
        current_job.check()

    app = make_app(jobs, JOBS_ENGINE="thread")
    with app.app_context():
        jobs.start()
        running = jobs.submit("stay")
        assert begun.wait(10)
        for _ in range(2):
            jobs.submit("add", delay=60)
        with listening(jobs, app) as heard:
            assert jobs.cancel_many(task=["add", "stay"]).affected == 3
            assert heard == [("cancelled", "add", "cancelled")] * 2
            go_on.set()
            assert jobs.wait(running.id, 10).state == "cancelled"
            eventually(lambda: heard[2:] == [("cancelled", "stay", "cancelled")])


def _fail(jobs: Simmer, _parent: Job) -> None:
    jobs.testing.drain()


def _cancel(jobs: Simmer, parent: Job) -> None:
    jobs.cancel(parent.id)


def _cancel_many(jobs: Simmer, parent: Job) -> None:
    assert jobs.cancel_many(ids=[parent.id]).affected == 1


def _expire(jobs: Simmer, _parent: Job) -> None:
    jobs.testing.advance("1h")


@pytest.mark.parametrize("end", [_fail, _cancel, _cancel_many, _expire])
def test_what_is_cancelled_for_another_is_told(
    make_app: MakeApp, jobs: Simmer, end: Callable[[Simmer, Job], None]
) -> None:
    """All that wait for a job, one after the other, whoever ends it; and who comes too late."""
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context():
        parent = jobs.submit("fail", max_attempts=1, expires_in=60)
        child = jobs.submit("add", depends_on=[parent])
        jobs.submit("add", depends_on=[child])
        with listening(jobs, app) as heard:
            end(jobs, parent)
            cancelled = [told for told in heard if told[0] == "cancelled" and told[1] == "add"]
            assert cancelled == [("cancelled", "add", "cancelled")] * 2
            heard.clear()
            jobs.submit("add", depends_on=[child])
            assert [name for name, _, _ in heard] == ["submitted", "cancelled"]


def test_a_rescue_tells_what_waited_for_the_lost_job(make_app: MakeApp, jobs: Simmer) -> None:
    """It failed with its worker, by the worker that found that out."""
    app = make_manual_app(make_app, jobs)
    with app.app_context(), listening(jobs, app) as heard:
        jobs.task("once", on_interrupt="fail")(lambda: None)
        one, other = ManualWorker(jobs), ManualWorker(jobs)
        one.turn()
        one.rescue()
        parent = jobs.submit("once")
        jobs.submit("add", depends_on=[parent])
        other.turn()
        heard.clear()
        for _ in range(40):
            one.rescue(1.0)
        assert heard == [("failed", "once", "failed"), ("cancelled", "add", "cancelled")]


def test_overran_and_rescued_are_told(make_app: MakeApp, jobs: Simmer) -> None:
    """The one before the end of that run, the other by the worker that finds the dead."""
    app = make_manual_app(make_app, jobs)
    with app.app_context(), listening(jobs, app) as heard:
        one, other = ManualWorker(jobs), ManualWorker(jobs)
        jobs.task("slow")(lambda: one.clock.advance(10))
        one.turn()
        jobs.submit("slow", timeout=5)
        one.work()
        assert [name for name, _, _ in heard] == ["submitted", "started", "overran", "succeeded"]
        heard.clear()
        one.rescue()
        jobs.submit("add")
        other.turn()
        for _ in range(40):
            one.rescue(1.0)
        assert heard == [("submitted", "add", "queued"), ("rescued", "add", "queued")]


def test_receivers_that_raise_harm_no_job(make_app: MakeApp, jobs: Simmer) -> None:
    """Every job ends as it would, on the thread engine, with a receiver that raises at every signal."""
    app = make_app(jobs, JOBS_ENGINE="thread")

    def broken(sender: Flask, job: Job) -> None:
        raise SystemExit("broken")

    with ExitStack() as stack:
        for signal in OF_JOBS:
            stack.enter_context(signal.connected_to(broken, sender=app))
        with app.app_context():
            jobs.start()
            ended = [jobs.wait(jobs.submit(task).id, 10).state for task in ("add", "fail", "add")]
            assert jobs.runtime.problems() == {}
    assert ended == ["succeeded", "failed", "succeeded"]


def test_where_nobody_listens_nothing_more_is_executed(make_app: MakeApp, jobs: Simmer) -> None:
    """The statements of a job's life are as many as without signals; a listener costs one read each."""
    app, other = make_app(jobs, JOBS_ENGINE="manual"), make_app(Simmer(), JOBS_ENGINE="manual")
    with app.app_context():
        jobs.submit("add")
        jobs.testing.drain()
        sent: list[str] = []
        event.listen(jobs.runtime.database.engine, "before_cursor_execute", lambda *a: sent.append(a[2]))

        def statements() -> int:
            sent.clear()
            jobs.submit("add")
            jobs.testing.drain()
            return len(sent)

        silent = statements()
        with listening(jobs, other):
            assert statements() == silent
        with signals.job_succeeded.connected_to(lambda sender, job: None, sender=app):
            assert statements() > silent


def test_a_batch_that_is_cancelled_tells_of_each_of_its_jobs(make_app: MakeApp, jobs: Simmer) -> None:
    """As one that is cancelled by itself does."""
    app = make_app(jobs, JOBS_ENGINE="manual")
    add = jobs.task("later")(lambda: 1).options(delay=60)
    with app.app_context():
        batch = jobs.batch([add.s() for _ in range(3)]).submit()
        with listening(jobs, app) as heard:
            jobs.cancel_batch(batch.id)
    assert heard == [("cancelled", "later", "cancelled")] * 3
