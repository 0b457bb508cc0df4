"""One job as it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..options import SubmitOptions


@dataclass(frozen=True, slots=True)
class Submission:
    """A task's name, its arguments and the options of this job."""

    task: str
    args: Mapping[str, Any]
    options: SubmitOptions
