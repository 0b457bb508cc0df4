"""What a task or a step returns, as it is stored."""

from __future__ import annotations

from typing import Any

from ..errors import ResultNotSerializable, ResultTooLarge
from ..serialization.encoding import dumps


def encode_result(value: Any, most_bytes: int, where: str = "result") -> str:
    """`value` as JSON text. Raises ResultNotSerializable, ResultTooLarge, naming it as `where`."""
    try:
        text = dumps(value, where)
    except Exception as error:
        raise ResultNotSerializable(str(error)) from error
    if (size := len(text.encode())) > most_bytes:
        raise ResultTooLarge(
            f"the {where} has {size} bytes, JOBS_MAX_RESULT_BYTES is {most_bytes}: store it elsewhere and"
            " return a reference"
        )
    return text
