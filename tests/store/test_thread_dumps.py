"""Requests for the threads of a worker, and the answers, on their way through the database."""

from __future__ import annotations

from datetime import timedelta

from app.jobs.database.database import Database
from app.jobs.store import thread_dumps

from .factory import NOW, register


def test_a_worker_answers_every_request_at_once(database: Database) -> None:
    """Those of others stay open, and what was answered is asked no more."""
    with database.write() as conn:
        register(conn, "one")
        register(conn, "two")
        first, second, other = (thread_dumps.request(conn, name, NOW) for name in ("one", "one", "two"))
        assert first is not None
        assert other is not None
        assert thread_dumps.is_requested(conn, "one")
        assert thread_dumps.answer(conn, "one", "threads") == 2
        assert not thread_dumps.is_requested(conn, "one")
        assert thread_dumps.answer_to(conn, first) == "threads"
        assert second != first
        assert thread_dumps.answer_to(conn, other) is None


def test_an_unknown_worker_cannot_be_asked(database: Database) -> None:
    """Nothing is stored."""
    with database.write() as conn:
        assert thread_dumps.request(conn, "nobody", NOW) is None
        assert not thread_dumps.is_requested(conn, "nobody")


def test_neither_requests_nor_answers_stay(database: Database) -> None:
    """They are pruned once nobody can be waiting for them."""
    with database.write() as conn:
        register(conn, "one")
        request = thread_dumps.request(conn, "one", NOW)
        assert request is not None
        thread_dumps.answer(conn, "one", "threads")
        thread_dumps.request(conn, "one", NOW + timedelta(hours=1))
        assert thread_dumps.prune(conn, NOW + timedelta(seconds=5)) == 0
        assert thread_dumps.prune(conn, NOW + timedelta(hours=1)) == 1
        assert thread_dumps.answer_to(conn, request) is None
        assert thread_dumps.is_requested(conn, "one")
