"""The client of the API for Python programs that share no database with it: the standard library alone."""

from __future__ import annotations

from ..values import StreamEvent
from .client import SimmerClient
from .errors import ApiError, ServerUnreachable
from .values import SubmittedBatch

__all__ = ["ApiError", "ServerUnreachable", "SimmerClient", "StreamEvent", "SubmittedBatch"]
