"""Long polls: `?wait=N` and `Prefer: wait=N`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.jobs.api.long_poll import SLOTS_KEY, LongPollSlots

from ..support import eventually
from .api_client import API, ApiClient, api_client, is_problem


@contextmanager
def polling(here: ApiClient, path: str, **options: Any) -> Iterator[Callable[[], TestResponse]]:
    """A long poll in a thread of its own that surely waits; the value gives its answer."""
    answers: list[TestResponse] = []
    slots: LongPollSlots = here.app.extensions[SLOTS_KEY]
    before = slots.waiting
    thread = Thread(target=lambda: answers.append(here.app.test_client().get(API + path, **options)))
    thread.start()
    eventually(lambda: slots.waiting > before or answers)

    def answer() -> TestResponse:
        thread.join(20)
        return answers[0]

    try:
        yield answer
    finally:
        thread.join(30)


def test_a_wait_returns_at_the_end_of_the_job(tmp_path: Path) -> None:
    """A waiting GET is answered as soon as the job is final, long before its time is over."""
    with api_client(tmp_path, engine="thread") as here:
        job = here.submit(args={"a": 1})
        began = time.monotonic()
        with here.app.app_context():
            here.jobs.start()
        response = here.get(f"/jobs/{job['id']}?wait=20")
        assert response.get_json()["state"] == "succeeded"
        assert response.headers["Preference-Applied"] == "wait=20"
        assert time.monotonic() - began < 15


def test_a_wait_that_runs_out_gives_the_job_as_it_is(tmp_path: Path) -> None:
    """After N seconds the answer is 200 with the unfinished job, and says that the wait was honoured."""
    with api_client(tmp_path) as here:
        job = here.submit()
        began = time.monotonic()
        response = here.get(f"/jobs/{job['id']}?wait=0.2")
        assert time.monotonic() - began >= 0.2
        assert (response.status_code, response.get_json()["state"]) == (200, "queued")
        assert response.headers["Preference-Applied"] == "wait=0.2"


@pytest.mark.parametrize(
    "header", ["wait=1", 'respond-async, wait="1"', "foo; wait=3, WAIT = 1", "wait=1, wait=9"]
)
def test_prefer_is_understood(tmp_path: Path, header: str) -> None:
    """`Prefer: wait=N` does what `?wait=N` does, among other preferences and in any case."""
    with api_client(tmp_path) as here:
        job = here.submit()
        here.drain()
        response = here.get(f"/jobs/{job['id']}", headers={"Prefer": header})
        assert response.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize("header", ["wait", "wait=soon", "wait=-1", "respond-async", "=", "wait=1e3"])
def test_a_preference_that_cannot_be_read_is_ignored(tmp_path: Path, header: str) -> None:
    """As RFC 7240 has it, such a preference does not make the request fail."""
    with api_client(tmp_path) as here:
        response = here.get(f"/jobs/{here.submit()['id']}", headers={"Prefer": header})
        assert response.status_code == 200
        assert "Preference-Applied" not in response.headers


def test_a_long_wait_is_capped(tmp_path: Path) -> None:
    """More than JOBS_MAX_WAIT is cut down to it, and the answer says so."""
    with api_client(tmp_path, max_wait=0.1) as here:
        response = here.get(f"/jobs/{here.submit()['id']}?wait=3600")
        assert response.headers["Preference-Applied"] == "wait=0.1"


@pytest.mark.parametrize("wait", ["", "soon", "-1", "1e3", "NaN", "1&wait=2", "9999999999"])
def test_a_bad_wait_is_400(tmp_path: Path, wait: str) -> None:
    """`?wait=` takes a number of seconds, once."""
    with api_client(tmp_path) as here:
        is_problem(here.get(f"/jobs/{here.submit()['id']}?wait={wait}"), 400, "bad-parameter")


def test_a_conditional_wait_returns_at_any_change(tmp_path: Path) -> None:
    """With If-None-Match the answer comes when the version moves, here by a cancellation."""
    with api_client(tmp_path) as here:
        job = here.submit()
        tag = {"If-None-Match": f'W/"{job["version"]}"'}
        with polling(here, f"/jobs/{job['id']}?wait=15", headers=tag) as answer:
            here.post(f"/jobs/{job['id']}/cancel")
            assert (answer().status_code, answer().get_json()["state"]) == (200, "cancelled")


def test_a_conditional_wait_without_a_change_is_304(tmp_path: Path) -> None:
    """When N seconds pass and nothing happened, the answer is 304."""
    with api_client(tmp_path) as here:
        job = here.submit()
        tag = {"If-None-Match": f'W/"{job["version"]}"'}
        response = here.get(f"/jobs/{job['id']}?wait=0.1", headers=tag)
        assert response.status_code == 304
        assert response.headers["Preference-Applied"] == "wait=0.1"


def test_a_conditional_wait_for_an_old_version_returns_at_once(tmp_path: Path) -> None:
    """Who has another version than the newest gets that one without waiting."""
    with api_client(tmp_path) as here:
        job = here.submit()
        began = time.monotonic()
        response = here.get(f"/jobs/{job['id']}?wait=20", headers={"If-None-Match": 'W/"999"'})
        assert (response.status_code, response.get_json()) == (200, job)
        assert time.monotonic() - began < 10


def test_only_half_of_the_servers_threads_wait(tmp_path: Path) -> None:
    """The waiting request above the limit is answered at once, and told to come back in a second."""
    with api_client(tmp_path) as here:
        here.app.extensions["simmer"].server_threads = 2
        job = here.submit()
        with polling(here, f"/jobs/{job['id']}?wait=15") as answer:
            began = time.monotonic()
            second = here.get(f"/jobs/{job['id']}?wait=15")
            assert time.monotonic() - began < 10
            assert (second.status_code, second.get_json()["state"]) == (200, "queued")
            assert second.headers["Retry-After"] == "1"
            assert "Preference-Applied" not in second.headers
            here.post(f"/jobs/{job['id']}/cancel")
            assert answer().headers["Preference-Applied"] == "wait=15"
        assert here.app.extensions[SLOTS_KEY].waiting == 0


def test_eight_wait_where_the_servers_threads_are_unknown() -> None:
    """Without a known number of threads there are eight slots; a server with one thread has none."""
    long_polls = LongPollSlots()
    slots = [long_polls.slot(None) for _ in range(9)]
    assert [slot.__enter__() for slot in slots] == [True] * 8 + [False]
    for slot in slots:
        slot.__exit__(None, None, None)
    assert long_polls.waiting == 0
    with long_polls.slot(1) as has_slot:
        assert not has_slot


def test_nobody_waits_while_the_process_drains(tmp_path: Path) -> None:
    """While draining the answer comes at once, without Preference-Applied and with Retry-After: 1."""
    with api_client(tmp_path) as here:
        job = here.submit()
        here.app.extensions["simmer"].drain(0, lambda: True)
        response = here.get(f"/jobs/{job['id']}?wait=20")
        assert response.headers["Retry-After"] == "1"
        assert "Preference-Applied" not in response.headers
