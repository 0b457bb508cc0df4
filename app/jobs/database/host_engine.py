"""An engine of our own on a host's database, whose connections are made as those of the host's engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from sqlalchemy import Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

SCHEMA: Final = "simmer_schema"
"""The execution option of a connection whose tables are in a schema that its statements must name."""


def engine_beside(host: Engine, schema: str | None, creator: HostConnections, **options: Any) -> Engine:
    """An engine with a pool of its own; with none where the host's keeps no connection either."""
    if isinstance(host.pool, NullPool):
        options = {"poolclass": NullPool}
    else:
        options["pool_recycle"] = getattr(host.pool, "_recycle", -1)  # SQLAlchemy has no public word for it
    engine = create_engine(host.url, creator=creator, **options)
    if schema is None:
        return engine
    return engine.execution_options(**{SCHEMA: schema, "schema_translate_map": {None: schema}})


def schema_on(host: Engine, schema: str | None) -> str | None:
    """The schema by which the host's statements say `schema`: its engine may translate it."""
    names = host.get_execution_options().get("schema_translate_map") or {}
    return cast("str | None", names.get(schema, schema))


def has_creator(host: Engine) -> bool:
    """Whether the host's engine was given a function that makes its connections, whatever its URL says."""
    creator = getattr(host.pool, "_creator", None)  # SQLAlchemy has no public word for it either
    return getattr(creator, "__module__", None) != create_engine.__module__


def most_connections(host: Engine) -> int | None:
    """How many connections the host's engine gives at a time; None where there is no limit."""
    overflow = getattr(host.pool, "_max_overflow", -1)
    return host.pool.size() + overflow if isinstance(host.pool, QueuePool) and overflow >= 0 else None


class HostConnections:
    """Called, it makes a connection of the driver: by the host's creator or arguments and its listeners.

    From a new pool like the host's each time, not from the host's own: that one may be exhausted, and
    outcomes must be written while it is.
    """

    def __init__(
        self, host: Engine, connect_args: Mapping[str, Any], take_over: Callable[[Any], None],
        before: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`connect_args` go before the host's; `take_over` makes a new connection ours.

        `before` is called before each connection, and may raise.
        """
        self._host, self._connect_args = host, connect_args
        self._take_over, self._before = take_over, before
        self._thread = threading.local()
        self._is_initialized = False
        event.listen(host, "do_connect", self._connect, insert=True)

    def __call__(self) -> DBAPIConnection:
        """A connection after the host's listeners have seen it; no transaction is open."""
        self._before()
        self._thread.is_ours = True
        try:
            self._initialize()
            made = self._host.pool.recreate().connect()
        finally:
            self._thread.is_ours = False
        made.detach()
        driver = cast(DBAPIConnection, made.dbapi_connection)
        driver.commit()  # else what a listener has SET would be rolled back with our first transaction
        self._take_over(driver)
        return driver

    def _initialize(self) -> None:
        # The first connection of an engine initializes its dialect, and the lock that others wait for
        # meanwhile is the pool's: made by a copy, the host's first statement could meet half a dialect.
        if not self._is_initialized:
            made = self._host.pool.connect()
            made.detach()  # not left in the host's pool: this process may fork
            made.close()
            self._is_initialized = True

    def _connect(self, dialect: Any, record: Any, cargs: Any, cparams: dict[str, Any]) -> Any:
        """The first of the host's `do_connect` listeners: with our arguments it calls the others."""
        if not getattr(self._thread, "is_ours", False):
            return None
        cargs, cparams = [*cargs], {**cparams, **self._connect_args}
        for listener in dialect.dispatch.do_connect:
            if listener != self._connect and (made := listener(dialect, record, cargs, cparams)) is not None:
                return made
        return dialect.connect(*cargs, **cparams)
