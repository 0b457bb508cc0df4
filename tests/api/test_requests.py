"""No input breaks it: any bytes give a 4xx problem document and change nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL
from werkzeug.test import TestResponse

from .api_client import API, ApiClient, api_client

JSON = {"content_type": "application/json"}
DEEP = 100_000


def body(text: str | bytes, path: str = "/jobs", **options: Any) -> dict[str, Any]:
    """A POST of these bytes as JSON."""
    return {"method": "POST", "path": API + path, "data": text, **JSON, **options}


def args(text: str) -> dict[str, Any]:
    """A submission with this JSON text as the argument of a task that takes anything."""
    return body('{"task":"echo","args":{"value":' + text + "}}")


def batch(text: str) -> dict[str, Any]:
    """A batch of a good job and this one."""
    return body('{"jobs":[{"task":"add"},' + text + "]}", "/jobs/batch")


class Unreadable(io.BytesIO):
    """A body whose chunks make no sense to the server."""

    def read(self, size: int | None = -1) -> bytes:
        raise RuntimeError("invalid chunk size")


def chunked(data: Callable[[], io.IOBase], path: str = "/jobs") -> dict[str, Any]:
    """A POST without a Content-Length, as a server hands over a chunked body."""
    return {
        "method": "POST", "path": API + path, "input_stream": data, **JSON,
        "environ_overrides": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    }  # fmt: skip


REQUESTS: dict[str, tuple[int, dict[str, Any]]] = {
    "nothing": (400, body("")),
    "no type": (415, {"method": "POST", "path": f"{API}/jobs", "data": b'{"task":"add"}'}),
    "text": (415, body('{"task":"add"}', content_type="text/plain")),
    "form": (415, {"method": "POST", "path": f"{API}/jobs", "data": {"task": "add"}}),
    "json-like type": (415, body('{"task":"add"}', content_type="application/json-patch+json")),
    "broken type": (415, body('{"task":"add"}', content_type=";;;=\x01")),
    "not JSON": (400, body("task=add")),
    "half of it": (400, body('{"task":"add"')),
    "two of it": (400, body('{"task":"add"}{}')),
    "single quotes": (400, body("{'task':'add'}")),
    "comment": (400, body('{"task":"add"} // add')),
    "not UTF-8": (400, body(b'{"task":"add","args":{"a":"\xff\xfe"}}')),
    "UTF-16": (400, body('{"task":"add"}'.encode("utf-16"))),
    "overlong UTF-8": (400, body(b'{"task":"\xc0\xaf"}')),
    "NUL bytes": (400, body(b"\0" * 100)),
    "a list": (422, body("[]")),
    "a string": (422, body('"add"')),
    "a number": (422, body("7")),
    "null": (422, body("null")),
    "no task": (422, body("{}")),
    "deep lists": (400, body("[" * DEEP)),
    "deep closed lists": (400, args("[" * DEEP + "]" * DEEP)),
    "deep objects": (400, args('{"a":' * DEEP + "1" + "}" * DEEP)),
    "rather deep lists": (422, args("[" * 150 + "]" * 150)),
    "NaN": (400, args("NaN")),
    "Infinity": (400, args("-Infinity")),
    "a huge float": (400, args("1e400")),
    "a huge integer": (400, args("9" * 10_000)),
    "a large integer as priority": (422, body('{"task":"add","priority":' + "9" * 400 + "}")),
    "a large integer as delay": (422, body('{"task":"add","delay":' + "9" * 400 + "}")),
    "a large integer as attempts": (422, body('{"task":"add","max_attempts":1e300}')),
    "the same name twice": (400, body('{"task":"add","task":"echo"}')),
    "a lone surrogate": (400, args('"\\ud800"')),
    "NUL in a value": (422, args('"a\\u0000b"')),
    "NUL in a key": (422, args('{"a\\u0000b":1}')),
    "NUL in the task": (422, body('{"task":"a\\u0000dd"}')),
    "NUL in a tag": (422, body('{"task":"add","tags":["a\\u0000"]}')),
    "NUL in a field's name": (422, body('{"task":"add","\\u0000":1}')),
    "an unknown field": (422, body('{"task":"add","when":"now"}')),
    "a proto field": (422, body('{"task":"add","__proto__":{},"__class__":1}')),
    "wrong types": (422, body('{"task":["add"],"args":"x","tags":{},"delay":"1"}')),
    "a dotted path as task": (422, body('{"task":"os.system","args":{"command":"true"}}')),
    "a time that is none": (422, body('{"task":"add","run_at":"2026-02-30T00:00:00Z"}')),
    "the first moment": (422, body('{"task":"add","run_at":"0001-01-01T00:00:00+14:00"}')),
    "the last moment": (422, body('{"task":"add","run_at":"9999-12-31T23:59:59-14:00"}')),
    "a thousand tags": (422, body(json.dumps({"task": "add", "tags": ["t"] * 1000}))),
    "10 MB": (413, body(b'{"task":"echo","args":{"value":"' + b"x" * 10_000_000 + b'"}}')),
    "10 MB of spaces": (413, body(b" " * 10_000_000)),
    "10 MB in chunks": (413, chunked(lambda: io.BytesIO(b" " * 10_000_000))),
    "a broken chunk": (400, chunked(Unreadable)),
    "10 MB to cancel": (413, body(b" " * 10_000_000, "/jobs/{id}/cancel")),
    "17 MB batch": (413, body(b" " * 17_000_000, "/jobs/batch")),
    "17 MB batch in chunks": (413, chunked(lambda: io.BytesIO(b" " * 17_000_000), "/jobs/batch")),
    "a million jobs": (422, body('{"jobs":[' + "0," * 999_999 + "0]}", "/jobs/batch")),
    "a batch of lists": (422, body('{"jobs":[[],[[]]]}', "/jobs/batch")),
    "a batch with a bad job": (422, batch('{"task":"add","args":{"a":{}}}')),
    "a batch with NUL": (422, batch('{"task":"echo","args":{"value":"\\u0000"}}')),
    "a batch that is deep": (400, body('{"jobs":' + "[" * DEEP + "]" * DEEP + "}", "/jobs/batch")),
    "cancel with text": (415, body("x", "/jobs/{id}/cancel", content_type="text/plain")),
    "cancel with a list": (422, body("[]", "/jobs/{id}/cancel")),
    "cancel with a field": (422, body('{"force":true}', "/jobs/{id}/cancel")),
    "cancel with broken JSON": (400, body("{", "/jobs/{id}/cancel")),
    "cancel with a parameter": (400, {"method": "POST", "path": f"{API}/jobs/{{id}}/cancel?force=1"}),
    "a submission with a parameter": (400, body('{"task":"add"}', "/jobs?task=add")),
    "a bad id": (404, {"method": "GET", "path": f"{API}/jobs/1"}),
    "an id with NUL": (404, {"method": "GET", "path": f"{API}/jobs/%00"}),
    "an id that is not UTF-8": (404, {"method": "DELETE", "path": f"{API}/jobs/%ff%c0%af"}),
    "an endless id": (404, {"method": "GET", "path": f"{API}/jobs/" + "a" * 60_000}),
    "a path out": (404, {"method": "GET", "path": f"{API}/jobs/../../../etc/passwd"}),
    "a bad cursor": (400, {"method": "GET", "path": f"{API}/jobs?cursor=%00%ff"}),
    "an SQL cursor": (400, {"method": "GET", "path": f"{API}/jobs?cursor=' OR 1=1 --"}),
    "a bad limit": (400, {"method": "GET", "path": f"{API}/jobs?limit=99999999999999999999"}),
    "a bad filter": (400, {"method": "GET", "path": f"{API}/jobs?state=%F0%9F%92%A9"}),
    "a parameter that is not UTF-8": (400, {"method": "GET", "path": f"{API}/jobs?%ff=%fe"}),
    "a bad wait": (400, {"method": "GET", "path": f"{API}/jobs/{{id}}?wait=forever"}),
    "an unknown method": (405, {"method": "BREW", "path": f"{API}/jobs"}),
    "a method that is not there": (405, {"method": "PUT", "path": f"{API}/jobs/{{id}}", "data": b"\xff"}),
    "a schedule's bad id": (404, {"method": "POST", "path": f"{API}/schedules/%0d%0a/pause"}),
    "a bad key": (400, body('{"task":"add"}', headers={"Idempotency-Key": "k" * 300})),
}  # fmt: skip


def send(here: ApiClient, request: dict[str, Any], id: str) -> TestResponse:
    """Send one of REQUESTS; `{id}` in its path is a job's."""
    request = {**request, "path": request["path"].replace("{id}", id)}
    if "input_stream" in request:
        request["input_stream"] = request["input_stream"]()
    return here.client.open(**request)


def looks_like_a_refusal(response: TestResponse) -> bool:
    """Whether this is a 4xx problem document, complete and valid JSON."""
    document = json.loads(response.data)
    return (
        400 <= response.status_code < 500
        and response.mimetype == "application/problem+json"
        and document["status"] == response.status_code
        and {"type", "title", "detail"} <= set(document)
    )


@pytest.mark.parametrize("name", REQUESTS)
def test_a_malformed_request_is_refused_and_changes_nothing(tmp_path: Path, name: str) -> None:
    """Each of these gets the status that fits, as a problem document, and the jobs stay as they were."""
    status, request = REQUESTS[name]
    with api_client(tmp_path) as here:
        job = here.submit()
        response = send(here, request, job["id"])
        assert looks_like_a_refusal(response), response.data[:500]
        assert response.status_code == status, response.data[:500]
        assert here.count() == 1
        assert here.get(f"/jobs/{job['id']}").get_json() == job


def test_no_database_lets_them_in(tmp_path: Path, url: URL) -> None:
    """All of them, one after the other, have the same answers on every database, and change nothing."""
    with api_client(tmp_path, url=url) as here:
        job = here.submit()
        found = {name: send(here, request, job["id"]).status_code for name, (_, request) in REQUESTS.items()}
        assert found == {name: status for name, (status, _) in REQUESTS.items()}
        assert here.count() == 1
        assert here.get(f"/jobs/{job['id']}").get_json() == job


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = (
    st.sampled_from(
        ["task", "args", "queue", "priority", "run_at", "delay", "timeout", "max_attempts", "tags", "jobs"]
    )
    | st.text()
)
bodies = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | anything.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(names, anything, max_size=5).map(lambda value: json.dumps(value).encode())
    | anything.map(lambda value: json.dumps({"task": "add", "args": value}).encode())
    | st.dictionaries(names, anything, max_size=3).map(
        lambda value: json.dumps({"task": "add", **value}).encode()
    )
)
paths = st.sampled_from(["/jobs", "/jobs/batch", "/jobs/x/cancel", "/schedules/hourly/x", "/tasks", ""])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One client for all the random requests."""
    with api_client(tmp_path_factory.mktemp("random")) as here:
        yield here


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=bodies, path=paths)
def test_random_bodies_never_break_it(shared: ApiClient, data: bytes, path: str) -> None:
    """Whatever the bytes: a valid submission is 202 and adds a job, all else is refused and adds none."""
    before = shared.count()
    response = shared.client.post(API + path, data=data, **JSON)
    accepted = response.status_code == 202
    assert accepted or looks_like_a_refusal(response), (response.status_code, response.data[:500])
    assert shared.count() == before + (response.get_json().get("accepted", 1) if accepted else 0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    path=st.text(max_size=40),
    query=st.binary(max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT", "X"]),
)
def test_random_addresses_never_break_it(shared: ApiClient, path: str, query: bytes, method: str) -> None:
    """Any path and query below the prefix is answered, and with a problem where it makes no sense."""
    environ = {
        "PATH_INFO": API + "/" + path.encode("utf-8", "surrogatepass").decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
    }
    response = shared.client.open("/", method=method, environ_overrides=environ)
    assert response.status_code == 200 or looks_like_a_refusal(response), response.data[:500]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    headers=st.dictionaries(
        st.sampled_from(["Prefer", "If-None-Match", "Idempotency-Key", "Authorization", "Accept", "Cookie"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    )
)
def test_random_headers_never_break_it(shared: ApiClient, headers: dict[str, str]) -> None:
    """Any value of a header that we read is understood, ignored or refused."""
    for response in (shared.get("/jobs/x", headers=headers), shared.post("/jobs/batch", {}, headers=headers)):
        assert looks_like_a_refusal(response), response.data[:500]
