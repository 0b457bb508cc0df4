"""How a transaction on PostgreSQL begins, and how long it waits: for a lock, a statement, a reply.

A server that has been replaced often ends no connection: what is sent to it is answered by nobody, for as
long as somebody waits. So the first statement of a transaction is given little time, and where it is not
answered all older connections of the pool are given up with it. The server ends what waits for locks or works
too long, so that a longer silence means that it is gone. Work that may take its time says so: `lift_limits`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError

from .dialect import LOCK_WAIT

CONNECT_WAIT: Final = 3
"""Whole seconds for a new connection; with BEGIN_WAIT before it less than the five that HTTP promises."""
BEGIN_WAIT: Final = 1.0
"""Seconds without a byte from the server after which the begin of a transaction counts as unanswered."""
STATEMENT_WAIT: Final = 4.3
"""Seconds after which the server ends a statement; more than LOCK_WAIT, so that a lock is called one."""
REPLY_WAIT: Final = 4.7
"""Seconds without a byte from the server, during a statement or a commit, after which it counts as gone."""
IDLE_WAIT: Final = 5.0
"""Seconds between two statements after which the server ends a session: it keeps the locks of its transaction
for as long as it believes that we are there, and our new connections would wait for them."""
TCP: Final = {
    "keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 1, "keepalives_count": 4,
    "tcp_user_timeout": int(1_000 * LOCK_WAIT),
}  # fmt: skip
"""Parameters of libpq: the kernel gives a connection up, idle or not, whose packets nobody confirms."""
_GUARD: Final = "simmer_guard"
_BEGIN: Final = "simmer_begin"
_IS_USED: Final = "simmer_is_used"
_READ_ONLY: Final = "25006"
"""SQLSTATE of a write on a standby, or on a primary that became one."""
T = TypeVar("T")
Waiting = Generator[Any, Any, T]


class ReplyGuard:
    """Closes a connection of psycopg whose server was to reply, and has sent nothing for `limit` seconds.

    Other drivers wait within libpq, where only the kernel can give the connection up.
    """

    def __init__(self, connection: Any) -> None:
        self.limit: float = CONNECT_WAIT
        self._connection, self._wait = connection, connection.wait
        connection.wait = self.wait

    def wait(self, waiting: Waiting[T], *args: Any, **kwargs: Any) -> T:
        """As `psycopg.Connection.wait`. Raises psycopg.OperationalError."""
        result: T = self._wait(self._bounded(waiting), *args, **kwargs)
        return result

    def _bounded(self, waiting: Waiting[T]) -> Waiting[T]:
        silent_since: float | None = None
        try:
            wanted = next(waiting)
            while True:
                # 0 where psycopg's own interval, a tenth of a second, has passed with nothing to read.
                ready = yield wanted
                if ready:
                    silent_since = None
                elif silent_since is None:
                    silent_since = time.monotonic()
                elif time.monotonic() - silent_since > self.limit:
                    self._give_up()
                wanted = waiting.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def _give_up(self) -> None:
        self._connection.close()
        raise self._connection.OperationalError(f"the server has not replied for {self.limit:g} s")


def bound_waits(engine: Engine) -> None:
    """Have every transaction of the engine, which needs no `pool_pre_ping` then, begin within limits.

    One of each checkout, as `engine.begin()` has it: what came after its end would begin nothing.
    """
    # No event of the engine's own: a listener for "begin" makes every statement look for listeners.
    begins_itself = engine.dialect.driver == "psycopg"

    def on_connect(driver: Any, record: Any) -> None:
        if begins_itself:
            driver.autocommit = True
            record.info[_GUARD] = ReplyGuard(driver)
        record.info[_BEGIN] = _first_statement(driver, begins_itself)

    def on_checkout(driver: Any, record: Any, _proxy: Any) -> None:
        _begin(engine, driver, record.info)

    # The first of all: SQLAlchemy itself asks a new server some questions.
    event.listen(engine, "connect", on_connect, insert=True)
    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "handle_error", _on_error)


def _begin(engine: Engine, driver: Any, info: dict[str, Any]) -> None:
    """Begin the transaction of a checkout; the reply says that the connection is alive."""
    guard, is_used = info.get(_GUARD), info.get(_IS_USED)
    if guard is not None:
        # A new connection has no better one to take its place: it is not given up so soon.
        guard.limit = BEGIN_WAIT if is_used else CONNECT_WAIT
    try:
        driver.cursor().execute(info[_BEGIN])
    except engine.dialect.loaded_dbapi.Error as error:
        # The pool connects anew, once: where that does not help the error is the caller's.
        if is_used and engine.dialect.is_disconnect(error, driver, None):
            raise InvalidatePoolError() from error
        raise
    info[_IS_USED] = True
    if guard is not None:
        guard.limit = REPLY_WAIT


def _first_statement(driver: Any, begins_itself: bool) -> str:
    """The first statement of each transaction on a new connection; its limits are set here if they can be."""
    # A driver begins with a statement of its own, unless it believes that nothing is to be begun: then the
    # one round trip of BEGIN takes the place of the ping's. With others it is the ping after the driver's.
    begin = "BEGIN" if begins_itself else "SELECT 1"
    cursor = driver.cursor()
    cursor.execute("SELECT pg_backend_pid()")
    # A pooler invents an id: it gives a session with its settings to somebody else after each transaction.
    is_our_session = cursor.fetchone()[0] == getattr(getattr(driver, "info", None), "backend_pid", None)
    if is_our_session:
        cursor.execute(_settings("SET"))
        driver.commit()
        return begin
    driver.rollback()
    return f"{begin}; {_settings('SET LOCAL')}"


def lift_limits(conn: Connection) -> None:
    """Let the statements of this transaction work for as long as they need; locks are waited for as ever."""
    conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
    if (guard := conn.info.get(_GUARD)) is not None:
        guard.limit = math.inf


def _settings(set_: str) -> str:
    limits = {
        "lock_timeout": LOCK_WAIT, "statement_timeout": STATEMENT_WAIT,
        "idle_in_transaction_session_timeout": IDLE_WAIT,
    }  # fmt: skip
    return "; ".join(f"{set_} {name} = {1_000 * limit:.0f}" for name, limit in limits.items())


def _on_error(context: ExceptionContext) -> None:
    # A session of a server that became a standby stays read-only for good; the address leads elsewhere now.
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True
