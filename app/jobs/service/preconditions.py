"""What a caller requires of what is stored, before it is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

Precondition = Callable[[T], None]
"""Gets what is stored, locked by the transaction that changes it; raises where it is not as required."""
