"""What the checks look at."""

from __future__ import annotations

from typing import Protocol

from flask import Flask

from .. import Runtime
from ..live_workers import InCaller, LiveWorkers


class Examined(Runtime, Protocol):
    """An app's runtime in this process."""

    app: Flask
    live: LiveWorkers | InCaller

    def problems(self) -> dict[str, str]:
        """The problems of this process's threads, by name."""
