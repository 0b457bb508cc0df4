"""Where jobs run: a pool of threads, or the caller itself."""

from __future__ import annotations

from typing import Any, Protocol


class Pool(Protocol):
    """Where claimed jobs run."""

    name: str

    def submit(self, function: Any, *args: Any) -> None:
        """Run `function(*args)` in a thread; RuntimeError where it takes no more."""

    def close(self) -> None:
        """Take no more work."""
