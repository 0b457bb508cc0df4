"""An in-memory SQLite database, which exists within the host's only connection: ours are nested in it."""

from __future__ import annotations

import sqlite3
from typing import Any, Self, cast

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import PoolProxiedConnection, StaticPool


def nested_engine(host: Engine) -> Engine:
    """An engine on the connection of the host's in-memory database; for one thread."""
    connection = _SavepointConnection(host.raw_connection())
    engine = create_engine(host.url, creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda _connection: connection.begin())
    return engine


class _CursorWithoutBegin(sqlite3.Cursor):
    """A listener of the host's on all engines may BEGIN on ours too: the savepoint is what begins here."""

    def execute(self, sql: str, *parameters: Any) -> Self:
        return self if sql.lstrip().upper().startswith("BEGIN") else super().execute(sql, *parameters)


class _SavepointConnection:
    """The host's connection with savepoints for transactions; else our commits would be the host's."""

    def __init__(self, host: PoolProxiedConnection) -> None:
        self._host, self._depth = host, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host.dbapi_connection, name)

    def cursor(self) -> sqlite3.Cursor:
        return cast(sqlite3.Connection, self._host.dbapi_connection).cursor(_CursorWithoutBegin)

    def begin(self) -> None:
        self.execute("SAVEPOINT simmer")
        self._depth += 1

    def commit(self) -> None:
        self._end()

    def rollback(self) -> None:
        self._end("ROLLBACK TO simmer")

    def close(self) -> None:
        """It is the host's to close."""

    def _end(self, *before: str) -> None:
        if self._depth:
            self._depth -= 1
            for statement in (*before, "RELEASE simmer"):
                self.execute(statement)
