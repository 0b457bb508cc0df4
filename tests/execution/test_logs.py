"""What becomes a line of a job's log, and that nobody else notices."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.jobs import JobCancelled, Simmer, current_job
from app.jobs.values import LogLine

LIB = logging.getLogger("tests.some.library")


@pytest.fixture
def jobs(make_app: Callable[..., Flask]) -> Iterator[Simmer]:
    """A Simmer in the context of its app, whose jobs run on request."""
    made = Simmer()
    with make_app(made, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        yield made


@pytest.fixture(autouse=True)
def factory() -> Iterator[Any]:
    """The factory of records of before, which is there again afterwards."""
    before = logging.getLogRecordFactory()
    yield before
    logging.setLogRecordFactory(before)


def lines_of(jobs: Simmer, task: Callable[..., object], **args: Any) -> list[LogLine]:
    """What a job of the task logs."""
    job = jobs.task("said")(task).submit(**args)
    jobs.testing.drain()
    assert jobs.get(job.id).state == "succeeded", jobs.get(job.id).error
    return jobs.logs(job.id)


def said(lines: list[LogLine]) -> list[tuple[str, str, str]]:
    """(level, last word of the logger's name, message) of each."""
    return [(line.level, line.logger.rpartition(".")[2], line.message) for line in lines]


def test_records_of_an_attempt_are_kept(jobs: Simmer) -> None:
    """Of any logger, as its level lets them be made; of the task's own all from INFO on."""

    def task() -> None:
        current_job.log.info("page %d", 1)
        current_job.log.debug("hidden")
        LIB.warning("odd")
        LIB.debug("hidden")

    LIB.info("before")
    assert said(lines_of(jobs, task)) == [("INFO", "said", "page 1"), ("WARNING", "library", "odd")]


def test_a_logger_that_does_not_propagate_is_heard(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its handlers are is no matter."""
    monkeypatch.setattr(LIB, "propagate", False)
    monkeypatch.setattr(LIB, "handlers", [logging.NullHandler()])
    assert said(lines_of(jobs, lambda: LIB.error("quiet"))) == [("ERROR", "library", "quiet")]


def test_threads_of_a_task_are_in_its_job(jobs: Simmer) -> None:
    """Those of `current_job.thread`, with an app context, and those that run in a copy of its context."""
    app = jobs.runtime.app

    def in_thread(name: str) -> None:
        assert current_job.task == "said"
        with app.app_context():
            LIB.warning(name)

    def task() -> None:
        current_job.thread(in_thread, "ours").join()
        copied = threading.Thread(target=contextvars.copy_context().run, args=(in_thread, "copied"))
        bare = threading.Thread(target=LIB.warning, args=("bare",))
        for thread in (copied, bare):
            thread.start()
            thread.join()

    assert [line.message for line in lines_of(jobs, task)] == ["ours", "copied"]


def test_a_thread_that_fails_ends_alone(jobs: Simmer) -> None:
    """What it raises is a line with its traceback; a cancellation is no failure."""

    def fail(error: BaseException) -> None:
        raise error

    def task() -> None:
        for error in (ValueError("no luck"), JobCancelled()):
            current_job.thread(fail, error).join()

    (line,) = lines_of(jobs, task)
    assert (line.level, line.message) == ("ERROR", "a thread of the task raised")
    assert line.traceback is not None
    assert line.traceback.endswith("ValueError: no luck\n")


def test_outside_a_job_a_thread_is_a_thread(jobs: Simmer) -> None:
    """A task can be called as a function, also where there is no app at all."""
    done: list[bool] = []
    current_job.thread(lambda: done.append(bool(current_job))).join()
    contextvars.Context().run(lambda: current_job.thread(done.append, True).join())
    assert done == [False, True]


def test_secrets_of_the_job_are_hidden(jobs: Simmer) -> None:
    """In messages and tracebacks, as in the exceptions of a run."""

    def task(password: str) -> None:
        try:
            raise ValueError(password)
        except ValueError:
            LIB.exception("%s failed at db://ada:hunter2@host", password)

    (line,) = lines_of(jobs, task, password="correct horse")
    assert line.message == "[redacted] failed at db://ada:[redacted]@host"
    assert "ValueError: [redacted]" in str(line.traceback)
    assert "horse" not in str(line)


class Odd:
    """A value whose text raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __str__(self) -> str:
        raise self.error


def test_odd_records_harm_nobody(jobs: Simmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What raises while it is formatted, does not fit, or cannot be stored is a line all the same."""
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def task() -> None:
        LIB.warning("a %s", Odd(ValueError()))
        current_job.log.info("b %s", Odd(SystemExit()))
        LIB.warning("c %s")
        LIB.warning("d %d", "x")
        LIB.warning(Odd(ValueError()))
        current_job.log.info("nul \0 and \ud800")
        LIB.warning("long %s", "x" * 100_000)
        logging.getLogger("x" * 500).warning("e", exc_info=(None, None, None))

    logging.getLogger("app.jobs.tasks.said").setLevel(logging.WARNING)
    lines = lines_of(jobs, task)
    logging.getLogger("app.jobs.tasks.said").setLevel(logging.NOTSET)
    messages = [line.message for line in lines]
    assert messages[:5] == [
        "a %s [unreadable]",
        "b %s [unreadable]",
        "c %s",
        "d %d [unreadable]",
        "[unreadable] [unreadable]",
    ]
    assert messages[5] == "nul \ufffd and \ufffd"
    assert len(messages[6]) < 17_000
    assert len(lines[7].logger) <= 200


def test_the_hosts_logging_stays_as_it_is(jobs: Simmer, factory: Any) -> None:
    """Handlers, levels and propagation of all loggers; a factory of the host's makes the records."""
    root, names = logging.getLogger(), ("handlers", "filters", "level", "propagate", "disabled")
    loggers = (root, LIB, logging.getLogger("app.jobs"), logging.getLogger("app.jobs.tasks.said"))
    before = [{name: str(getattr(logger, name)) for name in names} for logger in loggers]
    made: list[str] = []

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = factory(*args, **kwargs)
        made.append(record.getMessage())
        return record

    logging.setLogRecordFactory(make_record)
    assert [line.message for line in lines_of(jobs, lambda: LIB.warning("seen"))] == ["seen"]
    assert "seen" in made
    assert [{name: str(getattr(logger, name)) for name in names} for logger in loggers] == before


@pytest.mark.parametrize("raises", [False, True])
def test_a_factory_that_comes_later_is_no_obstacle(jobs: Simmer, factory: Any, raises: bool) -> None:
    """One that calls ours leads to one line, one that does not is called by ours."""

    def task() -> None:
        LIB.warning("here")

    lines_of(jobs, task)
    ours = logging.getLogRecordFactory()

    def calling(*args: Any, **kwargs: Any) -> Any:
        record = ours(*args, **kwargs)
        if raises and record.name.startswith("app.jobs"):
            raise RuntimeError("no request")
        return record

    for late in (calling, logging.LogRecord):
        logging.setLogRecordFactory(late)
        assert [line.message for line in lines_of(jobs, task)] == ["here"]


def test_the_host_sees_of_a_task_what_it_let_pass(jobs: Simmer, caplog: pytest.LogCaptureFixture) -> None:
    """The job's own logger makes more records than the host's level lets pass, and hands on no more."""

    def task() -> None:
        current_job.log.info("for the job")
        current_job.log.warning("for both")

    logger = logging.getLogger("app.jobs.tasks.said")
    logger.setLevel(logging.WARNING)
    assert len(lines_of(jobs, task)) == 2
    logger.setLevel(logging.NOTSET)
    assert [record.message for record in caplog.records if record.name == logger.name] == ["for both"]
