"""`POST /jobs`: what is refused, and by which place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .api_client import api_client, is_problem, pointers

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"args": {}}, "#/task"),
    ({"task": 7}, "#/task"),
    ({"task": ""}, "#/task"),
    ({"task": "nobody"}, "#/task"),
    ({"task": "add", "args": []}, "#/args"),
    ({"task": "add", "args": None}, "#/args"),
    ({"task": "add", "args": {"a": "x"}}, "#/args/a"),
    ({"task": "add", "args": {"a": 1.5}}, "#/args/a"),
    ({"task": "add", "args": {"a": True}}, "#/args/a"),
    ({"task": "add", "args": {"c": 1}}, "#/args/c"),
    ({"task": "report", "args": {}}, "#/args/month"),
    ({"task": "add", "queue": "nowhere"}, "#/queue"),
    ({"task": "add", "priority": 1001}, "#/priority"),
    ({"task": "add", "priority": "5"}, "#/priority"),
    ({"task": "add", "max_attempts": 0}, "#/max_attempts"),
    ({"task": "add", "max_attempts": 101}, "#/max_attempts"),
    ({"task": "add", "delay": -1}, "#/delay"),
    ({"task": "add", "delay": 400_000_000}, "#/delay"),
    ({"task": "add", "timeout": 0}, "#/timeout"),
    ({"task": "add", "run_at": "tomorrow"}, "#/run_at"),
    ({"task": "add", "run_at": "2030-01-01T00:00:00"}, "#/run_at"),
    ({"task": "add", "run_at": "2030-01-01T00:00:00Z", "delay": 1}, "#/run_at"),
    ({"task": "add", "tags": "a"}, "#/tags"),
    ({"task": "add", "tags": ["ok", ""]}, "#/tags/1"),
    ({"task": "add", "colour": "red"}, "#/colour"),
    ({"task": "add", "a/b~c": 1}, "#/a~1b~0c"),
    ({"task": "add", "expires_in": 0}, "#/expires_in"),
    ({"task": "add", "expires_in": 5, "delay": 5}, "#/expires_in"),
    ({"task": "add", "unique_key": "k" * 256}, "#/unique_key"),
    ({"task": "add", "unique_key": "k", "on_conflict": "ignore"}, "#/on_conflict"),
    ({"task": "add", "on_conflict": "return"}, "#/on_conflict"),
    ({"task": "add", "depends_on": ["x"]}, "#/depends_on/0"),
    ({"task": "add", "depends_on": ["01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"]}, "#/depends_on/0"),
    ({"task": "add", "on_dependency": "wait"}, "#/on_dependency"),
]


@pytest.mark.parametrize(("body", "pointer"), REFUSED, ids=[str(body)[:60] for body, _ in REFUSED])
def test_what_does_not_fit_is_refused_by_its_place(
    tmp_path: Path, body: dict[str, Any], pointer: str
) -> None:
    """A field that is wrong, unknown or of a later version is 422 with a pointer, and nothing is stored."""
    with api_client(tmp_path) as here:
        response = here.post("/jobs", body)
        document = is_problem(response, 422, "unknown-task" if body.get("task") == "nobody" else "validation")
        assert pointer in pointers(document)
        assert here.count() == 0


def test_arguments_may_be_as_large_as_the_setting_says_and_no_larger(tmp_path: Path) -> None:
    """Arguments over JOBS_MAX_ARGS_BYTES are 413; escaping them in the body does not make them larger."""
    with api_client(tmp_path, max_args_bytes=1024) as here:
        fits, too_large = "é" * 450, "x" * 1100
        assert here.submit("echo", args={"value": fits})["args"]["value"] == fits
        is_problem(
            here.post("/jobs", {"task": "echo", "args": {"value": too_large}}), 413, "payload-too-large"
        )


def test_an_unknown_option_is_answered_with_the_likely_one(tmp_path: Path) -> None:
    """Celery's words too, in a batch as well, beside what else is wrong; what is like none names all."""
    with api_client(tmp_path) as here:
        job = {"task": "add", "countdown": 5, "max_retries": 3, "colour": "red", "priority": 1001}
        expected = {
            "countdown": "unknown option: did you mean delay?",
            "max_retries": "unknown option: did you mean max_attempts?",
            "colour": "unknown option: there are callback_url, delay, depends_on, expires_in, max_attempts,"
            " meta, on_conflict, on_dependency, priority, queue, run_at, tags, timeout, unique_key",
            "priority": "Must be a whole number from -1,000 to 1,000.",
        }
        alone, batch = here.post("/jobs", job), here.post("/jobs/batch", {"jobs": [job]})
        for response, where in ((alone, "#"), (batch, "#/jobs/0")):
            found = {
                place["pointer"]: place["detail"]
                for place in is_problem(response, 422, "validation")["errors"]
            }
            assert found == {f"{where}/{name}": detail for name, detail in expected.items()}
