"""Whatever is sent about schedules is understood or refused; nothing breaks."""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .api_client import API, ApiClient, api_client
from .scheduling import NEW

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
times = st.sampled_from(
    ["2030-01-01T00:00:00Z", "2030-01-01T00:00", "9999-12-31T23:59:59.9Z", "0001-01-01T00:00Z", "2020-01-01"]
)
zones = st.sampled_from(["UTC", "Pacific/Apia", "Europe/Helsinki", None, "America"])
numbers = st.sampled_from([0, 0.1, 1, 1.5, 60, 10**9, -1]) | st.integers() | st.floats()
some = st.sampled_from([0.1, 1, 1.5, 60, 10**6])
rules = st.one_of(
    st.builds(
        lambda kind, more: {**kind, **more},
        st.one_of(
            st.fixed_dictionaries({"type": st.just("interval"), "seconds": some}),
            st.fixed_dictionaries({"type": st.just("cron"), "hour": st.sampled_from(["*/2", "9", 9, "24"])}),
            st.fixed_dictionaries(
                {"type": st.just("cron"),
                 "expression": st.sampled_from(["@daily", "* * * * * *", "0 9 L * *", "0 0 30 2 *"])}
            ),
        ),
        st.sampled_from(["start_at", "end_at"]).flatmap(
            lambda name: st.fixed_dictionaries({}, optional={name: times, "timezone": zones})
        ),
    ),
    st.fixed_dictionaries({"type": st.just("date"), "run_at": times}, optional={"timezone": zones}),
    st.fixed_dictionaries({"type": st.just("interval"), "weeks": numbers, "start_now": st.booleans()}),
)  # fmt: skip
likely = {
    "id": st.sampled_from(["s", "t", "a/b", "", None]),
    "task": st.sampled_from(["tick", "echo", "nobody"]),
    "args": st.sampled_from([{}, {"value": 1}, {"value": "\0"}]),
    "trigger": rules,
    "timezone": zones,
    "misfire": st.sampled_from(["latest", "all", "skip", "once"]),
    "misfire_grace": some | numbers | st.none(),
    "max_running": some | numbers | st.none(),
    "jitter": some | numbers,
    "paused": st.booleans() | st.none(),
}
one_word = st.sampled_from(sorted(likely)).flatmap(
    lambda name: (likely[name] | likely[name] | anything).map(lambda value: {name: value})
)
few_words = st.lists(one_word, max_size=2).map(lambda parts: dict(ChainMap(*parts)))
whole = st.builds(lambda rule, more: {**NEW, "trigger": rule, **more}, rules, few_words)
looks = st.fixed_dictionaries(
    {"trigger": rules}, optional={"count": some | numbers, "after": times | st.none(), "timezone": zones}
)
nothing: st.SearchStrategy[Any] = st.just(None) | st.just({}) | st.just({}) | anything


def _without_id(body: dict[str, Any]) -> dict[str, Any]:
    """As PUT takes it."""
    return {name: value for name, value in body.items() if name != "id"}


requests = st.one_of(
    st.tuples(st.just("POST"), st.just(""), whole | anything),
    st.tuples(st.just("PUT"), st.just("/s"), whole.map(_without_id)),
    st.tuples(st.just("PATCH"), st.just("/s"), few_words | anything),
    st.tuples(st.just("POST"), st.just("/preview"), looks | anything),
    st.tuples(st.just("POST"), st.sampled_from(["/s/skip", "/s/run", "/s/pause", "/s/resume"]), nothing),
    st.tuples(st.sampled_from(["GET", "DELETE"]), st.sampled_from(["/s", "/s/history"]), st.none()),
)
JSON = {"content_type": "application/json"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """One client for all of them, on which schedules come and go."""
    with api_client(tmp_path_factory.mktemp("random")) as here:
        yield here


@settings(max_examples=150, deadline=None, derandomize=True)
@given(request=requests, pass_by=st.sampled_from([0, 0, 0, 5, 3600]))
def test_any_request_is_answered(shared: ApiClient, request: tuple[str, str, Any], pass_by: float) -> None:
    """With what it asked for or with a problem; the schedules that there are can then be read and fire."""
    shared.client.post(f"{API}/schedules", json={"id": "s", **NEW})
    method, path, body = request
    options: dict[str, Any] = {} if body is None else {"data": json.dumps(body), **JSON}
    response = shared.client.open(f"{API}/schedules{path}", method=method, **options)
    if response.status_code >= 400:
        assert response.status_code < 500, (body, response.data)
        assert response.mimetype == "application/problem+json"
    with shared.app.app_context():
        shared.jobs.runtime.clock.advance(pass_by)  # type: ignore[attr-defined]
        shared.jobs.testing.advance(0)
    found = shared.get("/schedules")
    assert found.status_code == 200
    for schedule in found.get_json()["items"]:
        if schedule["id"] != "s":
            assert shared.client.delete(f"{API}/schedules/{schedule['id']}").status_code == 204
