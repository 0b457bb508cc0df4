"""The table of a job's options: what follows from an entry, and what is told to whoever gets one wrong."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import InvalidArguments, Job, Simmer, TaskDefinitionError
from app.jobs.api.schemas import SubmissionSchema
from app.jobs.checks import TEN_YEARS
from app.jobs.cli.submit import submit
from app.jobs.database.tables import JOBS
from app.jobs.options import (
    OF_SUBMISSION,
    OF_TASK,
    OUTSIDE,
    STORED,
    Option,
    problems,
    read_options,
    unknown_option,
)
from app.jobs.tasks.registry import TaskDefinition

WRONG: list[tuple[str, Any]] = [
    ("queue", "a b"), ("queue", 5), ("priority", 1_001), ("priority", True), ("priority", 1.0),
    ("timeout", 0), ("timeout", float("nan")), ("timeout", TEN_YEARS + 1), ("timeout", "5"),
    ("max_attempts", 0), ("max_attempts", 101), ("tags", ["a", ""]), ("tags", ["x" * 101]),
    ("tags", ["a"] * 51), ("tags", [1]), ("delay", -1), ("delay", TEN_YEARS + 1), ("delay", float("inf")),
    ("delay", 10**400), ("run_at", "2030-01-01"), ("run_at", datetime(2030, 1, 1)),
    ("run_at", datetime(2300, 1, 1, tzinfo=UTC)), ("meta", "x"), ("meta", {"a": {1}}),
    ("meta", {"a": float("nan")}), ("meta", {"a": "\ud800"}), ("meta", {"a": "x" * 8_185}),
    ("run_at", datetime(2300, 1, 1, tzinfo=UTC)), ("expires_in", 0), ("unique_key", ""),
    ("unique_key", "x" * 256), ("unique_key", "a\0b"), ("on_conflict", "ignore"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_an_option_out_of_its_bounds_has_a_problem(name: str, value: Any) -> None:
    """One, at the option or below it, that says what it must be."""
    [(place, words)] = problems(read_options({name: value}), OF_SUBMISSION)
    assert place[0] == name
    assert words.startswith("must be ")


def test_all_problems_are_found_at_once() -> None:
    """Each wrong value, each wrong item, and what excludes another."""
    later = datetime.now(UTC) + timedelta(days=1)
    wrong = {"priority": 5_000, "tags": ["", "fine", 3], "delay": 1, "run_at": later, "timeout": 5}
    found = [place for place, _ in problems(read_options(wrong), OF_SUBMISSION)]
    assert sorted(found, key=str) == [("priority",), ("run_at",), ("tags", 0), ("tags", 2)]


def test_none_is_not_given_and_one_stands_for_a_list() -> None:
    """A submission with None says nothing; a text where several are meant is one of them."""
    assert read_options({"queue": None, "tags": "monthly"}) == {"tags": ("monthly",)}


def test_lengths_of_time_may_be_timedeltas() -> None:
    """Of a submission and of a task; they are bounded as seconds are."""
    minutes = timedelta(minutes=5)
    assert read_options({"delay": minutes, "timeout": minutes}) == {"delay": 300.0, "timeout": 300.0}
    made = TaskDefinition("t", lambda: None, {"timeout": minutes, "backoff": minutes})
    assert (made.options["timeout"], made.options["backoff"]) == (300.0, 300.0)
    [(place, words)] = problems(read_options({"delay": timedelta(days=4000)}), OF_SUBMISSION)
    assert (place, words.startswith("must be a number of seconds")) == (("delay",), True)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("max_retries", "max_attempts"), ("countdown", "delay"), ("eta", "run_at"), ("run_date", "run_at"),
        ("prioriti", "priority"), ("tag", "tags"), ("job_timeout", "timeout"),
    ],
)  # fmt: skip
def test_an_unknown_option_is_answered_with_the_likely_one(word: str, meant: str) -> None:
    """The word of another library, or a slip of the finger; of a task too, where it has it."""
    with pytest.raises(InvalidArguments, match=f"#/{word}: unknown option: did you mean {meant}\\?"):
        read_options({word: 1})
    if meant in OF_TASK:
        with pytest.raises(TaskDefinitionError, match=f"{word} unknown option: did you mean {meant}\\?"):
            Simmer().task(**{word: 1})(print)  # type: ignore[call-overload]


def test_an_option_like_none_there_is_is_answered_with_all() -> None:
    """Every name, in order."""
    assert unknown_option("colour", OF_SUBMISSION).endswith(f"there are {', '.join(sorted(OF_SUBMISSION))}")


def test_a_task_is_refused_with_all_that_is_wrong() -> None:
    """Its name and each option, in one message."""
    with pytest.raises(TaskDefinitionError) as caught:
        Simmer().task("a b", priority=5_000, retries=3, tags=("",))(print)  # type: ignore[call-overload]
    found = str(caught.value).partition("): ")[2].split("; ")
    assert [each.split()[0] for each in found] == ["name", "priority", "retries", "tags/0"]


@pytest.mark.parametrize(
    ("name", "option"), {**OF_TASK, **OF_SUBMISSION}.items(), ids=lambda item: str(item)[:20]
)
def test_an_alias_is_no_option(name: str, option: Option) -> None:
    """What other libraries call an option is no other option of ours, and stands at one alone."""
    others = {
        alias
        for other in {**OF_TASK, **OF_SUBMISSION}.values()
        if other is not option
        for alias in other.aliases
    }
    assert not set(option.aliases) & {*OF_TASK, *OF_SUBMISSION, *others}
    assert option.default is None or not list(problems({name: option.default}, {name: option}))


def test_what_is_stored_has_a_column_and_what_job_names_is_shown() -> None:
    """Every attribute of a job that is an option is stored or becomes something that is."""
    assert set(JOBS.c.keys()) >= STORED.keys()
    assert {field.name for field in fields(Job)} & OF_SUBMISSION.keys() - STORED.keys() == {
        "run_at",
        "unique_key",
    }


def test_http_and_the_command_take_what_is_given_outside_python() -> None:
    """Each has a field of the body and a flag, with the sentence of the table as its help."""
    assert SubmissionSchema().fields.keys() == {"task", "args", *OUTSIDE}
    helps = {param.name: getattr(param, "help", "") for param in submit.params}
    for name, option in OUTSIDE.items():
        assert helps[name].startswith(option.help.replace("`", ""))
