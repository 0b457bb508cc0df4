"""Triggers: pure rules that name the moments at which a schedule fires."""

from __future__ import annotations

from .base import Trigger, TriggerError
from .parse import parse_trigger

__all__ = ["Trigger", "TriggerError", "parse_trigger"]
