"""What follows in the same transaction when jobs have become final, whoever ended them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..database.transactions import AnyConnection
from . import unique_keys


class Final(NamedTuple):
    """A job that has become final: the state entered, and what its row said under the lock."""

    job_id: str
    state: str
    unique_key: str | None

    @classmethod
    def of(cls, row: Any, state: str) -> Final:
        """Of the row of a job that enters that state."""
        return cls(row.id, state, row.unique_key)


def follow(conn: AnyConnection, finals: Sequence[Final], now: datetime) -> None:
    """Free the unique keys of the jobs."""
    if unique := [final.job_id for final in finals if final.unique_key is not None]:
        unique_keys.release(conn, unique)
