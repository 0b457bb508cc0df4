"""Arguments as they are typed."""

from __future__ import annotations

from typing import Any

import click
import pytest

from app.jobs.cli.arguments import coerce, read_pairs

INTEGER, STRING, BOOLEAN = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("1", INTEGER, 1),
        ("-1", INTEGER, -1),
        ("1.0", INTEGER, 1),
        ("1.5", INTEGER, "1.5"),
        ("one", INTEGER, "one"),
        ("", INTEGER, ""),
        ("true", INTEGER, "true"),
        ("1.5", {"type": "number"}, 1.5),
        ("NaN", {"type": "number"}, "NaN"),
        ("true", BOOLEAN, True),
        ("No", BOOLEAN, False),
        ("0", BOOLEAN, False),
        ("2", BOOLEAN, "2"),
        ("1", STRING, "1"),
        ("null", STRING, "null"),
        ("null", {"type": ["integer", "null"]}, None),
        ("7", {"anyOf": [INTEGER, {"type": "null"}]}, 7),
        ("7", {"anyOf": [INTEGER, STRING]}, "7"),
        ("[1, 2]", {"type": "array"}, [1, 2]),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("{a}", {"type": "object"}, "{a}"),
        ("2", {"enum": [1, 2]}, 2),
        ("2", {"enum": ["1", "2"]}, "2"),
        ("1", {"enum": [True]}, True),
        ("red", {"enum": ["red", None]}, "red"),
        ("null", {"enum": ["red", None]}, None),
        ("5", {}, "5"),
    ],
)
def test_text_becomes_what_the_task_takes(text: str, schema: dict[str, Any], value: Any) -> None:
    """A string where strings fit, else what the text says as JSON; text that nothing fits stays text."""
    found = coerce(text, schema)
    assert (found, type(found)) == (value, type(value) if text != "1.0" else float)


def test_pairs_become_arguments() -> None:
    """The first equals sign ends the name, a colon before it makes the rest JSON."""
    schema = {"properties": {"a": INTEGER, "b": STRING}, "additionalProperties": BOOLEAN}
    pairs = ["a=1", "b=x=y:=z", "c:=[1, null]", "d=yes", "e:f:={}", "g:=\t2 "]
    assert read_pairs(pairs, schema) == {
        "a": 1,
        "b": "x=y:=z",
        "c": [1, None],
        "d": True,
        "e:f": {},
        "g": 2,
    }


@pytest.mark.parametrize(
    ("pairs", "complaint"),
    [
        (["a"], "'a' is not an argument"),
        (["=1"], "'=1' is not an argument"),
        ([":=1"], "':=1' is not an argument"),
        (["a=1", "a:=2"], "'a' is given twice"),
        (["a:="], "a:= Not JSON"),
        (["a:={'b': 1}"], "a:= Not JSON"),
        (["a:=NaN"], "a:= "),
        (["a:=" + "[" * 5000], "a:= "),
        (["a:=\udcff"], "a:= "),
    ],
)
def test_what_is_no_argument_is_a_mistake_of_usage(pairs: list[str], complaint: str) -> None:
    """The complaint names the argument."""
    with pytest.raises(click.UsageError, match=r"\w") as caught:
        read_pairs(pairs, {})
    assert str(caught.value).startswith(complaint)
