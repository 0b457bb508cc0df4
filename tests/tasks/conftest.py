"""The driver of each engine, for what tasks promise wherever their jobs run."""

from __future__ import annotations

from ..engines.conftest import bench, engine, make_bench, template

__all__ = ["bench", "engine", "make_bench", "template"]
