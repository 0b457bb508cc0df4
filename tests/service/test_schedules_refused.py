"""A bad rule is refused when it is made, with the same pointer from code, HTTP and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.jobs import InvalidArguments, Simmer
from app.jobs.errors import TaskDefinitionError

DAILY = {"type": "cron", "expression": "@daily"}
EVERY = {"type": "interval", "seconds": 10}
LATER, EARLIER = "2099-01-02T00:00:00Z", "2099-01-01T00:00:00Z"

RULES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # name: (trigger, policies, pointer)
    "31 February": ({"type": "cron", "expression": "0 0 31 2 *"}, {}, "#/trigger/expression"),
    "31 February by fields": ({"type": "cron", "month": "2", "day": "31"}, {}, "#/trigger/day"),
    "7 fields": ({"type": "cron", "expression": "0 0 9 * * * 2030"}, {}, "#/trigger/expression"),
    "minute 60": ({"type": "cron", "expression": "60 * * * *"}, {}, "#/trigger/expression"),
    "no expression": ({"type": "cron"}, {}, "#/trigger/expression"),
    "an unknown alias": ({"type": "cron", "expression": "@reboot"}, {}, "#/trigger/expression"),
    "hour 24": ({"type": "cron", "hour": "24"}, {}, "#/trigger/hour"),
    "an unknown zone": ({**DAILY, "timezone": "Mars/Olympus"}, {}, "#/trigger/timezone"),
    "a zone that is a path": ({**EVERY, "timezone": "../etc/passwd"}, {}, "#/trigger/timezone"),
    "an unknown word": ({**EVERY, "fortnights": "1"}, {}, "#/trigger/fortnights"),
    "a word of another trigger": ({**DAILY, "start_now": "true"}, {}, "#/trigger/start_now"),
    "an unknown trigger": ({"type": "lunar", "phase": "full"}, {}, "#/trigger/type"),
    "interval 0": ({"type": "interval", "seconds": 0}, {}, "#/trigger/seconds"),
    "no interval": ({"type": "interval"}, {}, "#/trigger/seconds"),
    "a negative interval": ({"type": "interval", "minutes": -5}, {}, "#/trigger/minutes"),
    "an interval of eleven years": ({"type": "interval", "weeks": 600}, {}, "#/trigger/weeks"),
    "an interval in words": ({"type": "interval", "hours": "two"}, {}, "#/trigger/hours"),
    "end before start": ({**EVERY, "start_at": LATER, "end_at": EARLIER}, {}, "#/trigger/end_at"),
    "end before start, by cron": ({**DAILY, "start_at": LATER, "end_at": EARLIER}, {}, "#/trigger/end_at"),
    "a start that is no time": ({**EVERY, "start_at": "tomorrow"}, {}, "#/trigger/start_at"),
    "a start without a zone": ({**EVERY, "start_at": "2099-01-01T00:00:00"}, {}, "#/trigger/start_at"),
    "start_now beside start_at": ({**EVERY, "start_at": LATER, "start_now": True}, {}, "#/trigger/start_now"),
    "start_now as a number": ({**EVERY, "start_now": 1}, {}, "#/trigger/start_now"),
    "no date": ({"type": "date"}, {}, "#/trigger/run_at"),
    "30 February": ({"type": "date", "run_at": "2099-02-30T00:00:00Z"}, {}, "#/trigger/run_at"),
    "an unknown misfire": (EVERY, {"misfire": "once"}, "#/misfire"),
    "a negative grace": (EVERY, {"misfire_grace": -1}, "#/misfire_grace"),
    "a grace for ever": (EVERY, {"misfire_grace": 10**12}, "#/misfire_grace"),
    "no job at a time": (EVERY, {"max_running": 0}, "#/max_running"),
    "half a job at a time": (EVERY, {"max_running": 0.5}, "#/max_running"),
    "a negative jitter": (EVERY, {"jitter": -0.5}, "#/jitter"),
    "jitter for ever": (EVERY, {"jitter": 10**12}, "#/jitter"),
}
ENDED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an end that has passed": ({**EVERY, "end_at": "2020-01-01T00:00:00Z"}, {}, "#/trigger/end_at"),
    "an end before the first": ({"type": "cron", "expression": "0 0 1 1 *", "end_at": "2026-01-02T00:00Z"},
                                {}, "#/trigger/end_at"),
    "a last date that has passed": ({"type": "calendar", "days": 1, "end_date": "2020-01-01"},
                                    {}, "#/trigger/end_date"),
    "a year that has passed": ({"type": "cron", "year": "2020"}, {}, "#/trigger"),
}  # fmt: skip
"""Sound rules that have no fire time left: code may declare them, for it outlives them."""
BAD = RULES | ENDED
BY_HAND = {"start_now as a number"}
"""`start_now=1` is how one types true."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all of them, since nothing is stored."""
    folder: Path = tmp_path_factory.mktemp("refusals")
    made = Flask("host", instance_path=str(folder))
    made.config.update(JOBS_ENGINE="manual", JOBS_SQLITE_SYNCHRONOUS="NORMAL")
    jobs = Simmer()
    jobs.task("tick")(lambda: None)
    jobs.init_app(made)
    with made.app_context():
        jobs.init_db()
        made.extensions["jobs"] = jobs
        yield made
        assert jobs.runtime.schedules.all() == []
        jobs.runtime.database.close()


@pytest.mark.parametrize("name", BAD)
def test_code_refuses_it(app: Flask, name: str) -> None:
    """`jobs.add_schedule`, with a dict as with words."""
    trigger, policies, pointer = BAD[name]
    add: Callable[..., Any] = app.extensions["jobs"].add_schedule
    words = {word: value for word, value in trigger.items() if word != "type"}
    for rule in ({"trigger": trigger}, {"trigger": trigger["type"], **words}):
        with pytest.raises(InvalidArguments) as caught:
            add(id="s", task="tick", **rule, **policies)
        assert [error["pointer"] for error in caught.value.errors] == [pointer]


@pytest.mark.parametrize("name", RULES)
def test_a_declaration_refuses_it(name: str) -> None:
    """`@jobs.schedule` raises while the module is loaded, naming the schedule and the word at fault."""
    trigger, policies, pointer = RULES[name]
    words = {word: value for word, value in trigger.items() if word != "type"}
    with pytest.raises(TaskDefinitionError) as caught:
        Simmer().schedule(trigger["type"], id="nightly", **words, **policies)
    assert "nightly" in str(caught.value)
    assert pointer.rpartition("/")[2] in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_http_refuses_it(app: Flask, name: str) -> None:
    """422 from POST, PUT and, where the rule itself is bad, preview."""
    trigger, policies, pointer = BAD[name]
    client, body = app.test_client(), {"task": "tick", "trigger": trigger, **policies}
    answers = [client.post("/api/v1/schedules", json=body), client.put("/api/v1/schedules/s", json=body)]
    if name in RULES and not policies:
        answers.append(client.post("/api/v1/schedules/preview", json={"trigger": trigger}))
    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]


@pytest.mark.parametrize("name", [name for name in BAD if name not in BY_HAND])
def test_the_command_line_refuses_it(app: Flask, name: str) -> None:
    """Exit code 2 and the pointer on stderr, from add and, where the rule itself is bad, preview."""
    trigger, policies, pointer = BAD[name]
    typed = [trigger["type"], *(f"{word}={value}" for word, value in trigger.items() if word != "type")]
    options = [part for word, value in policies.items() for part in (f"--{word.replace('_', '-')}", value)]
    commands = [["add", "tick", *typed, "--id", "s", *options]]
    if name in RULES and not policies:
        commands.append(["preview", *typed])
    for words in commands:
        result = app.test_cli_runner().invoke(args=["jobs", "schedules", *map(str, words)])
        assert (result.exit_code, result.stdout) == (2, ""), result.stderr
        assert result.stderr.startswith(f"Error: {pointer}: "), result.stderr
        assert result.stderr.count("\n") == 1
