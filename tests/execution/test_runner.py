"""Whatever a task raises or returns ends its attempt and nothing else (T16, T17, T18)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.jobs import Job, Simmer


class Bare(BaseException):
    """An exception that is no Exception."""


class Unprintable(Exception):
    """Says nothing of itself without raising."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class NeedsArguments(Exception):
    """Cannot be made again from its args."""

    def __init__(self, one: int, *, two: int) -> None:
        super().__init__(one)


def _cyclic() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def _endless() -> Any:
    return _endless()


def _circular() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


RAISED: dict[str, Callable[[], BaseException]] = {
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "MemoryError": MemoryError,
    "StopIteration": StopIteration,
    "Bare": Bare,
    "Unprintable": Unprintable,
    "NeedsArguments": lambda: NeedsArguments(1, two=2),
    "cyclic": _cyclic,
    "huge": lambda: ValueError("x" * 10_000_000),
    "NUL": lambda: ValueError("a\0b"),
    "surrogate": lambda: ValueError("a\ud800b"),
}
RETURNED: dict[str, Callable[[], Any]] = {
    "set": lambda: {1},
    "bytes": lambda: b"x",
    "NaN": lambda: float("nan"),
    "infinity": lambda: [float("inf")],
    "circular": _circular,
    "int keys": lambda: {1: 2},
    "NUL": lambda: "a\0",
    "surrogate": lambda: "\ud800",
    "generator": lambda: (letter for letter in ""),
    "an object": object,
    "50 MB": lambda: "x" * 50_000_000,
    "too deep": lambda: json.loads("[" * 500 + "]" * 500),
}


@pytest.fixture
def app_and_jobs(make_app: Callable[..., Flask], url: Any) -> Iterator[tuple[Flask, Simmer]]:
    """An app with threads, on each database."""
    jobs = Simmer()

    @jobs.task("raises", max_attempts=1)
    def raises(what: str) -> None:
        if what == "None":
            raise None  # type: ignore[misc]  # noqa: B016 - what a task might do
        if what == "RecursionError":
            _endless()
        raise RAISED[what]()

    @jobs.task("returns", max_attempts=3, backoff=0)
    def returns(what: str) -> Any:
        return RETURNED[what]()

    @jobs.task("fine")
    def fine() -> str:
        return "fine"

    app = make_app(jobs, url, JOBS_THREADS=2)
    with app.app_context():
        jobs.start()
        yield app, jobs


def _strict(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def test_every_exception_fails_its_job_and_no_other(app_and_jobs: tuple[Flask, Simmer]) -> None:
    """Each job is failed with the type, its texts are bounded and readable, and the threads go on."""
    app, jobs = app_and_jobs
    names = [*RAISED, "None", "RecursionError"]
    submitted = {name: jobs.submit("raises", {"what": name}) for name in names}
    ended: dict[str, Job] = {name: jobs.wait(job.id, 20) for name, job in submitted.items()}
    for name, job in ended.items():
        assert job.state == "failed", name
        assert job.error is not None
        assert len(job.error["message"].encode()) <= 64 * 1024 + 100, name
    kinds = {name: job.error["type"] for name, job in ended.items() if job.error}
    assert kinds["None"] == "TypeError"
    assert (kinds["cyclic"], kinds["SystemExit"], kinds["Bare"]) == ("ValueError", "SystemExit", "Bare")
    assert jobs.wait(jobs.submit("fine").id, 10).result == "fine"
    for job in ended.values():
        answer = app.test_client().get(f"/api/v1/jobs/{job.id}/attempts")
        assert answer.status_code == 200
        # A claim that had to wait behind a slow one may have been given back before it began.
        outcomes = [each["outcome"] for each in _strict(answer.text)["items"]]
        assert (outcomes[-1], set(outcomes[:-1])) in (("failed", set()), ("failed", {"released"}))


def test_every_result_that_is_not_json_fails_its_job(app_and_jobs: tuple[Flask, Simmer]) -> None:
    """Never running afterwards, never retried, and every answer is strict JSON."""
    app, jobs = app_and_jobs
    submitted = {name: jobs.submit("returns", {"what": name}) for name in RETURNED}
    for name, job in submitted.items():
        ended = jobs.wait(job.id, 20)
        assert (ended.state, ended.attempt) == ("failed", 1), name
        assert ended.error is not None
        wanted = "ResultTooLarge" if name == "50 MB" else "ResultNotSerializable"
        assert ended.error["type"] == wanted, name
        answer = app.test_client().get(f"/api/v1/jobs/{job.id}")
        assert _strict(answer.text)["state"] == "failed"
    assert jobs.wait(jobs.submit("fine").id, 10).result == "fine"
