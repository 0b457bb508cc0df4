"""What a transaction on PostgreSQL waits for, and how long: locks, statements, servers that say nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import URL

from app.jobs import DatabaseUnavailable
from app.jobs.database import postgresql, postgresql_transactions
from app.jobs.database.database import Database

from .tcp_proxy import TcpProxy

POSTGRESQL = pytest.mark.parametrize("server", ["postgresql"], indirect=True)
ASK = "SELECT 1"


@pytest.fixture
def server(request: pytest.FixtureRequest) -> URL:
    """The URL of a PostgreSQL with our tables."""
    kept: Database = request.getfixturevalue("postgres_with_tables")
    kept.create_tables()
    return kept.engine.url


@pytest.fixture
def shorten(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes limits as short as a test has the time to wait for."""

    def shorten(**limits: float) -> None:
        for name, limit in limits.items():
            monkeypatch.setattr(postgresql_transactions, name, limit)

    return shorten


@contextmanager
def connected(url: URL, connections: int = 1) -> Iterator[Database]:
    """A database whose pool has so many connections, all of them idle."""
    with closing(Database.connect(url, threads=8, synchronous="FULL")) as made:
        with ExitStack() as stack:
            for _ in range(connections):
                stack.enter_context(made.read())
        yield made


def ask(database: Database, sql: str = ASK) -> Any:
    """What one statement in a transaction of its own returns."""
    with database.write() as conn:
        return conn.exec_driver_sql(sql).scalar()


def write(database: Database, *steps: str | Callable[[], Any]) -> None:
    """One transaction of statements and calls."""
    with database.write() as conn:
        for step in steps:
            conn.exec_driver_sql(step) if isinstance(step, str) else step()


def seconds(call: Callable[[], Any]) -> float:
    """How long it takes, whether it succeeds or the database is unavailable."""
    begun = time.monotonic()
    with suppress(DatabaseUnavailable):
        call()
    return time.monotonic() - begun


@POSTGRESQL
def test_silent_connections_are_given_up_together(server: URL) -> None:
    """The first transaction waits for an answer, all later ones have new connections at once."""
    with TcpProxy(server) as proxy, connected(proxy.url, connections=4) as database:
        proxy.fall_silent()
        assert seconds(lambda: ask(database)) < 2.5
        assert seconds(lambda: [ask(database) for _ in range(4)]) < 0.5


@POSTGRESQL
@pytest.mark.parametrize("point", ["statement", "commit"])
def test_a_transaction_that_falls_silent_is_an_outage(
    server: URL, shorten: Callable[..., None], point: str
) -> None:
    """In the midst of it nobody knows what became of it: that is raised, and the next one works."""
    shorten(REPLY_WAIT=0.3)
    with TcpProxy(server) as proxy, connected(proxy.url) as database:
        after = [ASK] if point == "statement" else []
        with pytest.raises(DatabaseUnavailable, match="not replied"):
            write(database, ASK, proxy.fall_silent, *after)
        assert ask(database) == 1


@POSTGRESQL
def test_the_locks_of_a_lost_transaction_are_released(server: URL, shorten: Callable[..., None]) -> None:
    """By the server, which believes that its client is there and would keep them for hours."""
    shorten(IDLE_WAIT=0.3, REPLY_WAIT=0.2)
    lock = "LOCK TABLE simmer_leases IN ACCESS EXCLUSIVE MODE"
    with TcpProxy(server) as proxy, connected(proxy.url) as database:
        with pytest.raises(DatabaseUnavailable):
            write(database, lock, proxy.fall_silent)
        shorten(REPLY_WAIT=4.7)
        assert 0 < seconds(lambda: write(database, lock)) < 2
        write(database, lock)


@POSTGRESQL
def test_a_black_hole_is_an_outage(
    server: URL, shorten: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where new connections are not answered either; it is over as soon as they are."""
    waits = [getattr(postgresql_transactions, name) for name in ("BEGIN_WAIT", "CONNECT_WAIT")]
    assert sum(waits) < 4.5
    shorten(BEGIN_WAIT=0.2)
    monkeypatch.setattr(postgresql, "CONNECT_WAIT", 2)  # the least that libpq takes
    with TcpProxy(server) as proxy, connected(proxy.url) as database:
        proxy.fall_silent(black_hole=True)
        assert 2 < seconds(lambda: ask(database)) < 3
        proxy.recover()
        assert ask(database) == 1


@POSTGRESQL
def test_a_new_connection_that_begins_nothing_is_an_outage(server: URL, shorten: Callable[..., None]) -> None:
    """One that was just made is not exchanged for another."""
    shorten(BEGIN_WAIT=0.3, CONNECT_WAIT=0.5)
    with TcpProxy(server) as proxy, connected(proxy.url) as database:
        proxy.dropped = b"BEGIN"
        with pytest.raises(DatabaseUnavailable, match="not replied"):
            ask(database)
        assert proxy.accepted == 3  # the first one of the host's engine included
        proxy.dropped = None
        assert ask(database) == 1


@POSTGRESQL
def test_a_wait_for_a_lock_is_bounded(server: URL, shorten: Callable[..., None]) -> None:
    """The database says so, and the connection is kept."""
    shorten(LOCK_WAIT=0.3)
    with TcpProxy(server) as proxy, connected(proxy.url) as database, connected(server) as other:
        with other.write() as conn:
            conn.exec_driver_sql("LOCK TABLE simmer_jobs IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(DatabaseUnavailable) as caught:
                ask(database, "SELECT count(*) FROM simmer_jobs")
        assert caught.value.reason == "canceling statement due to lock timeout"
        accepted = proxy.accepted
        assert ask(database) == 1
        assert proxy.accepted == accepted


@POSTGRESQL
def test_a_statement_without_end_is_ended_by_the_server(server: URL, shorten: Callable[..., None]) -> None:
    """Nobody leaves one behind that works for nobody; the connection is kept."""
    shorten(STATEMENT_WAIT=0.3)
    with TcpProxy(server) as proxy, connected(proxy.url) as database:
        with pytest.raises(DatabaseUnavailable) as caught:
            ask(database, "SELECT pg_sleep(60)")
        assert caught.value.reason == "canceling statement due to statement timeout"
        accepted = proxy.accepted
        assert ask(database) == 1
        assert proxy.accepted == accepted


@POSTGRESQL
def test_a_long_transaction_is_not_ended(server: URL, shorten: Callable[..., None]) -> None:
    """The limits are those of a statement: a bulk of many may take as long as it does."""
    shorten(STATEMENT_WAIT=0.3, REPLY_WAIT=0.3)
    with connected(server) as database, database.write() as conn:
        for _ in range(8):
            conn.exec_driver_sql("SELECT pg_sleep(0.1)")


@POSTGRESQL
def test_making_tables_may_take_its_time(server: URL, shorten: Callable[..., None]) -> None:
    """Its statements are not ended; the next transaction has limits again."""
    shorten(STATEMENT_WAIT=0.2, REPLY_WAIT=0.3, LOCK_WAIT=0.1)
    with connected(server) as database:
        with database.write() as conn:
            database.dialect.lock_schema(conn)
            conn.exec_driver_sql("SELECT pg_sleep(0.5)")
        with pytest.raises(DatabaseUnavailable, match="statement timeout"):
            ask(database, "SELECT pg_sleep(60)")


@POSTGRESQL
def test_a_session_that_became_read_only_is_discarded(server: URL) -> None:
    """As after a failover to a standby: one write fails, and with it goes every connection of that time."""
    with TcpProxy(server) as proxy, connected(proxy.url, connections=2) as database:
        with ExitStack() as stack:
            for conn in [stack.enter_context(database.write()) for _ in range(2)]:
                conn.exec_driver_sql("SET default_transaction_read_only = on")
        with pytest.raises(DatabaseUnavailable) as caught:
            ask(database, "DELETE FROM simmer_jobs RETURNING 1")
        assert "read-only" in (caught.value.reason or "")
        assert [ask(database, "SHOW transaction_read_only") for _ in range(2)] == ["off", "off"]


@POSTGRESQL
def test_a_server_that_ends_its_sessions_is_noticed_before_a_transaction(server: URL) -> None:
    """Nobody's statement fails for it: a restart, or an administrator (57P01)."""
    with connected(server, connections=2) as database, connected(server) as other:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid IN (%s, %s)"
        with database.write() as one, database.write() as two:
            pids = [conn.exec_driver_sql("SELECT pg_backend_pid()").scalar() for conn in (one, two)]
        with other.write() as conn:
            assert conn.exec_driver_sql(ended, tuple(pids)).scalar() == 2
        assert [ask(database) for _ in range(3)] == [1, 1, 1]


@POSTGRESQL
@pytest.mark.parametrize("is_pooler", [False, True])
def test_limits_are_set_once_but_for_sessions_that_are_lent(server: URL, is_pooler: bool) -> None:
    """A pooler gives a session to somebody else afterwards, who must not find our limits there."""
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    ours = ["4s", "4300ms", "5s"]
    with TcpProxy(server) as proxy:
        proxy.is_pooler = is_pooler
        with connected(proxy.url) as database, database.engine.connect() as conn:
            assert [conn.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == ours
            conn.commit()
            driver = conn.connection.dbapi_connection
            assert driver is not None
            cursor = driver.cursor()
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0" if is_pooler else "4s",)


@POSTGRESQL
def test_a_failed_transaction_leaves_nothing(server: URL) -> None:
    """What was written before the error is not there, although the driver believes that it begins nothing."""
    with connected(server) as database:
        with pytest.raises(ZeroDivisionError):
            write(database, "INSERT INTO simmer_tags (tag, job_id) VALUES ('kept', '1')", lambda: 1 // 0)
        assert ask(database, "SELECT count(*) FROM simmer_tags WHERE tag = 'kept'") == 0
