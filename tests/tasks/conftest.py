"""The driver of each engine, for what tasks promise wherever their jobs run."""

from __future__ import annotations

from ..engines.conftest import driver, engine, make_driver

__all__ = ["driver", "engine", "make_driver"]
