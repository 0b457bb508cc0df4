"""`Idempotency-Key`: one job for one key, however often it is sent."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import URL

from .api_client import api_client, is_problem

BODY = {"task": "add", "args": {"a": 1, "b": 2}}


def test_the_same_key_and_body_give_the_first_job_again(tmp_path: Path, url: URL) -> None:
    """A repeated request gets the first job, marked as a replay, and no second job is made."""
    with api_client(tmp_path, url=url) as here:
        first = here.post("/jobs", BODY, headers={"Idempotency-Key": "k1"})
        again = here.post("/jobs", BODY, headers={"Idempotency-Key": "k1"})
        assert (first.status_code, again.status_code) == (202, 202)
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        assert again.get_json()["id"] == first.get_json()["id"]
        assert here.count() == 1


def test_bodies_are_compared_as_parsed_json(tmp_path: Path) -> None:
    """Order, spacing, escapes and the writing of numbers make no other body."""
    with api_client(tmp_path) as here:
        first = here.post("/jobs", BODY, headers={"Idempotency-Key": "k"}).get_json()
        other = b'{ "args": {"b": 2.0, "\\u0061": 1e0},\n "task": "add" }'
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        again = here.client.post("/api/v1/jobs", data=other, headers=headers)
        assert again.status_code == 202
        assert again.get_json()["id"] == first["id"]


def test_another_body_is_422(tmp_path: Path) -> None:
    """A key that is used again for something else is refused."""
    with api_client(tmp_path) as here:
        here.post("/jobs", BODY, headers={"Idempotency-Key": "k"})
        response = here.post("/jobs", {"task": "add", "args": {"a": 2}}, headers={"Idempotency-Key": "k"})
        is_problem(response, 422, "idempotency-key-reused")
        assert here.count() == 1


def test_a_refused_request_is_not_remembered(tmp_path: Path) -> None:
    """After a 422 the key is free for the corrected body."""
    with api_client(tmp_path) as here:
        bad = here.post("/jobs", {"task": "add", "args": {"a": "x"}}, headers={"Idempotency-Key": "k"})
        assert bad.status_code == 422
        good = here.post("/jobs", BODY, headers={"Idempotency-Key": "k"})
        assert good.status_code == 202
        assert "Idempotency-Replayed" not in good.headers


def test_after_the_jobs_deletion_the_key_is_gone(tmp_path: Path, url: URL) -> None:
    """A key whose job was deleted answers 410."""
    with api_client(tmp_path, url=url) as here:
        job = here.post("/jobs", BODY, headers={"Idempotency-Key": "k"}).get_json()
        here.drain()
        assert here.client.delete(f"/api/v1/jobs/{job['id']}").status_code == 204
        is_problem(here.post("/jobs", BODY, headers={"Idempotency-Key": "k"}), 410, "gone")


def test_keys_belong_to_the_token_that_sent_them(tmp_path: Path) -> None:
    """Two tokens may use the same key for different jobs."""
    with api_client(tmp_path, api_tokens={"token-one": ["submit"], "token-two": ["submit"]}) as here:
        ids = {
            here.post("/jobs", BODY, headers={"Idempotency-Key": "k", "Authorization": scheme}).get_json()[
                "id"
            ]
            for scheme in ("Bearer token-one", "bearer token-one", "Bearer token-two")
        }
        assert len(ids) == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "caf\u00e9", "a\tb"])
def test_a_key_that_cannot_be_is_400(tmp_path: Path, key: str) -> None:
    """Keys are 1 to 255 printable ASCII characters."""
    with api_client(tmp_path) as here:
        is_problem(here.post("/jobs", BODY, headers={"Idempotency-Key": key}), 400, "bad-parameter")
        assert here.count() == 0


def test_the_longest_key_is_taken(tmp_path: Path) -> None:
    """255 characters with spaces and punctuation are a key."""
    with api_client(tmp_path) as here:
        key = "a b~!" * 51
        assert here.post("/jobs", BODY, headers={"Idempotency-Key": key}).status_code == 202


def test_a_batch_is_made_once(tmp_path: Path, url: URL) -> None:
    """The same batch again is the first one, in the same order; with a job of it deleted it is gone."""
    batch, headers = {"jobs": [BODY] * 20}, {"Idempotency-Key": "k"}
    with api_client(tmp_path, url=url) as here:
        first = here.post("/jobs/batch", batch, headers=headers)
        again = here.post("/jobs/batch", batch, headers=headers)
        assert (first.status_code, again.status_code) == (202, 202)
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        assert again.get_json() == first.get_json()
        assert here.count() == 20
        is_problem(here.post("/jobs/batch", {"jobs": [BODY]}, headers=headers), 422, "idempotency-key-reused")
        here.drain()
        assert here.client.delete(f"/api/v1/jobs/{first.get_json()['items'][3]['id']}").status_code == 204
        is_problem(here.post("/jobs/batch", batch, headers=headers), 410, "gone")


def test_a_key_is_of_one_route(tmp_path: Path) -> None:
    """A key that made a job makes no batch: that is another request."""
    with api_client(tmp_path) as here:
        here.post("/jobs", BODY, headers={"Idempotency-Key": "k"})
        response = here.post("/jobs/batch", {"jobs": [BODY]}, headers={"Idempotency-Key": "k"})
        is_problem(response, 422, "idempotency-key-reused")


@pytest.mark.parametrize(("quoted", "bare"), [('"abc"', "abc"), (r'"a\"b\\c"', r'a"b\c')])
def test_a_key_may_be_a_structured_string(tmp_path: Path, quoted: str, bare: str) -> None:
    """The form of the draft, in double quotes, is the same key as the bare one."""
    with api_client(tmp_path) as here:
        first = here.post("/jobs", BODY, headers={"Idempotency-Key": quoted})
        again = here.post("/jobs", BODY, headers={"Idempotency-Key": bare})
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.get_json()["id"] == first.get_json()["id"]


@pytest.mark.parametrize("key", ["a,b", '"a", "b"', '"a', '"a"b', '""', r'"a\b"', '"' + "k" * 256 + '"'])
def test_two_keys_or_half_a_string_are_400(tmp_path: Path, key: str) -> None:
    """Servers join two headers by a comma, and which one was meant nobody knows."""
    with api_client(tmp_path) as here:
        is_problem(here.post("/jobs", BODY, headers={"Idempotency-Key": key}), 400, "bad-parameter")
        assert here.count() == 0


def test_a_quoted_key_may_hold_a_comma(tmp_path: Path) -> None:
    """In quotes a comma cannot be taken for the end of a header."""
    with api_client(tmp_path) as here:
        assert here.post("/jobs", BODY, headers={"Idempotency-Key": '"a,b"'}).status_code == 202


def test_many_at_once_make_one_job(tmp_path: Path, url: URL) -> None:
    """Eight requests with one key at the same moment make one job; none of them gets another id."""
    with api_client(tmp_path, url=url) as here:
        barrier, answers = Barrier(8), []

        def send() -> None:
            client = here.app.test_client()
            barrier.wait(10)
            answers.append(client.post("/api/v1/jobs", json=BODY, headers={"Idempotency-Key": "k"}))

        threads = [Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({answer.get_json()["id"] for answer in answers if answer.status_code == 202}) == 1
        assert here.count() == 1
