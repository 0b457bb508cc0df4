"""JSON from outside: let in if it is sound, else refused with what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.serialization.decoding import loads_strict


@settings(max_examples=60, deadline=None, database=None)
@given(st.binary(max_size=40))
def test_strict_reader_survives_any_bytes(data: bytes) -> None:
    """Bytes are either JSON that can be written again, or a ValueError."""
    try:
        value = loads_strict(data)
    except ValueError:
        return
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Not JSON"),
        (b"{", "Not JSON"),
        (b"{'a':1}", "Not JSON"),
        (b"[1,]", "Not JSON"),
        (b"1 2", "Not JSON"),
        (b'"\xff"', "not UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e400", "1e400 is too large"),
        (b"[-1e999]", "too large"),
        (b"1" * 4301, "too many digits"),
        (b'{"a":1,"a":1}', "twice"),
        (b'[{"x":{"a":1,"b":2,"a":3}}]', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'{"a":["x\\udfffy"]}', "surrogate"),
        (b'{"\\ud83d":1}', "surrogate"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "nested too deeply"),
    ],
)
def test_strict_reader_refuses(data: bytes, message: str) -> None:
    """What is not sound JSON is a ValueError whose text can be shown to the client."""
    with pytest.raises(ValueError, match=message):
        loads_strict(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b" 1 ", 1),
        (b"\xef\xbb\xbf[]", []),
        (b"-0", 0),
        (b"1e300", 1e300),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u0000"', "\0"),
        (b"[" * 200 + b"1" + b"]" * 200, None),
        (b"[" + b"{}," * 300 + b"1]", [*[{}] * 300, 1]),
        pytest.param(b"9" * 4300, int("9" * 4300), id="many-digits"),
    ],
)
def test_strict_reader_accepts(data: bytes, expected: Any) -> None:
    """Unusual but sound JSON is let in; whether NUL may stand somewhere is for the field to say."""
    value = loads_strict(data)
    assert expected is None or value == expected
