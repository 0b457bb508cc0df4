"""Streams of jobs: in order, resumable at every event, ended by the final state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import InvalidCursor, JobNotFound, Simmer, current_job
from app.jobs.ids import new_id
from app.jobs.service import streams
from app.jobs.store import emitted, logs
from app.jobs.values import StreamEvent

from ..reliability.database_faults import recorded_statements

MakeApp = Callable[..., Flask]


@pytest.fixture
def jobs(make_app: MakeApp, url: URL) -> Iterator[Simmer]:
    """A Simmer with a task that says much, in the context of its app; jobs run when they are drained."""
    made = Simmer()
    made.task("say", max_attempts=2, backoff=0)(say)
    with make_app(made, url=url, JOBS_ENGINE="manual").app_context():
        yield made


def say(lines: int, fails: bool = False) -> None:
    """Log and emit in turns."""
    current_job.progress(1, 2)
    for number in range(lines):
        current_job.log.info("line %d", number)
        current_job.emit(number)
    if fails and current_job.attempt == 1:
        raise OSError


def brief(events: list[StreamEvent]) -> list[Any]:
    """What each says, in a word."""
    words: dict[str, Callable[[Any], Any]] = {
        "state": lambda data: data["to"],
        "progress": lambda data: data.current,
        "log": lambda data: data.message,
        "data": lambda data: data,
    }
    return [words[event.type](event.data) for event in events]


def ended(jobs: Simmer, **args: Any) -> tuple[str, list[StreamEvent]]:
    """A job that has ended, and what a stream shows that began before it did."""
    job = jobs.submit("say", {"lines": 2, **args})
    stream = jobs.runtime.streams.open(job.id)
    first = stream.wait(0)
    jobs.testing.drain()
    return job.id, [*first, *follow(stream)]


def follow(stream: streams.JobStream) -> list[StreamEvent]:
    """All that is to come on the stream of a job that has ended."""
    found: list[StreamEvent] = []
    while not stream.is_over:
        found += stream.wait(0)
    return found


def test_a_stream_has_all_in_order_and_ends_with_the_final_state(make_app: MakeApp) -> None:
    """From the state as it is to the last one, with lines and data of each attempt in between."""
    jobs, said = Simmer(), ["line 0", 0, "line 1", 1]
    jobs.task("say", max_attempts=2, backoff=0)(say)
    with make_app(jobs, JOBS_THREADS=1).app_context():  # what runs here is on the clock of its lines
        job = jobs.submit("say", {"lines": 2, "fails": True})
        stream = jobs.runtime.streams.open(job.id)
        first = stream.wait(0)
        jobs.start()
        assert jobs.wait(job.id, 20).state == "succeeded"
        events = [*first, *follow(stream)]
    expected = ["queued", "running", *said, "retrying", "running", *said, 1, "succeeded"]
    assert brief(events) == expected
    assert [event.type for event in events][1:4] == ["state", "log", "data"]


def test_a_stream_goes_on_behind_any_of_its_events(jobs: Simmer) -> None:
    """Whoever comes back gets the rest as it was, nothing twice; of all nothing is left."""
    job_id, events = ended(jobs, fails=True)
    for at, event in enumerate(events):
        rest = list(jobs.stream(job_id, after=event.id))
        # Of the progress the newest counts: what is behind a state may be newer than it was then.
        assert sorted(map(str, brief(rest))) == sorted(map(str, brief(events[at + 1 :])))
        assert brief(rest)[-1:] == brief(events[at + 1 :])[-1:]
        for kind in ("state", "log", "data"):
            assert [each.data for each in rest if each.type == kind] == [
                each.data for each in events[at + 1 :] if each.type == kind
            ]
    assert list(jobs.stream(job_id, after=events[-1].id)) == []


def test_a_stream_of_a_job_that_has_ended_has_what_it_said_and_its_state(jobs: Simmer) -> None:
    """How it came to that is not told again; it goes on behind any of them too."""
    job_id, _ = ended(jobs)
    events = list(jobs.stream(job_id))
    assert brief(events) == ["line 0", 0, "line 1", 1, 1, "succeeded"]
    for at, event in enumerate(events):
        assert list(jobs.stream(job_id, after=event.id)) == events[at + 1 :]
    assert [event.is_last for event in events] == [False] * 5 + [True]


def test_the_final_state_waits_for_all_that_was_said(
    jobs: Simmer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Where there is more than a page has, the state comes with the last one."""
    monkeypatch.setattr(logs, "PAGE_BYTES", 1)
    monkeypatch.setattr(emitted, "MOST_ROWS", 1)
    monkeypatch.setattr(streams, "MOST_EVENTS", 1)
    _, events = ended(jobs, fails=True)
    assert brief(events)[-1] == "succeeded"
    assert [event.data["to"] for event in events if event.type == "state"] == [
        "queued", "running", "retrying", "running", "succeeded",
    ]  # fmt: skip
    assert len([event for event in events if event.type in ("log", "data")]) == 8


def test_a_job_that_is_retried_goes_on(jobs: Simmer) -> None:
    """The stream that had ended has more to tell from where it was, the progress that began anew too."""
    job_id, events = ended(jobs)
    jobs.retry(job_id)
    stream = jobs.runtime.streams.open(job_id, events[-1].id)
    assert (brief(stream.wait(0)), stream.is_over) == (["queued", 0], False)
    assert stream.wait(0) == []
    jobs.testing.drain()
    assert brief(follow(stream)) == ["running", "line 0", 0, "line 1", 1, 1, "succeeded"]


def test_a_stream_sees_what_another_process_does(make_app: MakeApp, url: URL) -> None:
    """Line by line while the job runs there; the ids are good in any process."""
    here, there, go_on = Simmer(), Simmer(), threading.Semaphore(0)

    @there.task
    def talk() -> None:
        for number in range(2):
            current_job.emit(number)
            go_on.acquire(timeout=10)

    here.task("talk")(lambda: None)
    with make_app(there, url=url, JOBS_THREADS=1).app_context():
        there.start()
        job = talk.submit()
        with make_app(here, url=url, tables=False, JOBS_ENGINE="manual").app_context():
            seen: list[StreamEvent] = []
            for event in here.stream(job.id):
                seen.append(event)
                if event.type == "data":
                    go_on.release()
        states = [event.data["to"] for event in seen if event.type == "state"]
        assert [event.data for event in seen if event.type == "data"] == [0, 1]
        assert states[-2:] == ["running", "succeeded"]
        assert list(there.stream(job.id, after=seen[-1].id)) == []


def test_a_silent_stream_costs_one_statement_a_look(jobs: Simmer) -> None:
    """While a job waits only its stamp is read; while it runs what it says too, and no event."""
    job = jobs.submit("say", {"lines": 1}, delay=60)
    stream = jobs.runtime.streams.open(job.id)
    stream.wait(0)
    with recorded_statements(jobs.runtime.database) as sent:
        stream.wait(0)
    assert len([each for each in sent if each.startswith("SELECT")]) == 1


def test_what_is_not_there_is_said_at_once(jobs: Simmer) -> None:
    """An unknown job, and ids that no stream has given out."""
    with pytest.raises(JobNotFound):
        jobs.stream(new_id())
    job_id, events = ended(jobs)
    good = events[-1].id
    for wrong in ("", "x", good[:-1] + "g", f"{good}0", f" {good}", f"{good}\n", "1-1.1-1.1", "9" * 99):
        with pytest.raises(InvalidCursor, match="not the id of an event"):
            jobs.stream(job_id, after=wrong)
    assert (
        list(jobs.stream(job_id, after=f"{'9' * 18}-{'9' * 9}.{'9' * 18}-{'9' * 9}.{'9' * 18}-0"))[1:] == []
    )


def test_a_job_must_not_follow_another(jobs: Simmer) -> None:
    """It would hold a thread of the pool that it waits for."""

    @jobs.task
    def nosy(other: str) -> None:
        jobs.stream(other)

    job = nosy.submit(other=jobs.submit("say", {"lines": 0}, delay=60).id)
    jobs.testing.drain()
    error = jobs.get(job.id).error
    assert error is not None
    assert (error["type"], "must not wait" in error["message"]) == ("RuntimeError", True)


def test_a_deleted_job_ends_its_stream(jobs: Simmer) -> None:
    """Whoever follows it is told that it is gone."""
    job = jobs.submit("say", {"lines": 0}, delay=60)
    stream = jobs.stream(job.id)
    assert next(stream).data["to"] == "scheduled"
    jobs.cancel(job.id)
    jobs.delete(job.id)
    with pytest.raises(JobNotFound):
        next(stream)
