"""Fair tasks: turns between the values of an argument among what is due."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, event

from app.jobs import Simmer, TaskDefinitionError
from app.jobs.database.database import Database
from app.jobs.run import Run
from app.jobs.store import turns

from .claimer import Claimer


def submit(claimer: Claimer, tenants: str, **values: Any) -> None:
    """A job for each of the letters."""
    for tenant in tenants:
        claimer.submit(args=json.dumps({"tenant": tenant}), **values)


def tenants(runs: list[Run]) -> str:
    """A letter for each of the runs; a dot for one of another task."""
    return "".join(json.loads(run.args).get("tenant", ".") for run in runs)


def test_a_tenant_with_many_jobs_holds_up_nobody(database: Database) -> None:
    """Each has one after the other, however many one has in front; who is alone has all places."""
    claimer = Claimer(database, fair="tenant")
    submit(claimer, "aaaaaaaaaaaabbc")
    assert tenants(claimer.claim(5)) == "abcab"
    assert tenants(claimer.claim(2)) == "aa"
    submit(claimer, "b")
    assert tenants(claimer.claim(3)) == "baa"


def test_turns_go_on_across_workers(database: Database) -> None:
    """Who claims next goes on behind the one whose job was claimed last, in every process."""
    one, other = Claimer(database, fair="tenant"), Claimer(database, "worker-2", fair="tenant")
    submit(one, "aaaabbbbcccc")
    assert "".join(tenants(claimer.claim(1)) for claimer in (one, other) * 4) == "abcabcab"


def test_two_that_claim_at_once_give_no_turn_twice(database: Database) -> None:
    """The later one waits for the commit of the other, and goes on behind it."""
    one, other = Claimer(database, fair="tenant"), Claimer(database, "worker-2", fair="tenant")
    submit(one, "a" * 20 + "b" * 20 + "c" * 20 + "d" * 20)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            both = threads.map(lambda claimer: tenants(claimer.claim(2)), (one, other))
            assert Counter("".join(both)) == Counter("abcd")


def test_priority_and_other_tasks_keep_their_places(database: Database) -> None:
    """Turns are among jobs of one priority and queue; a task has no more places by them than before."""
    claimer = Claimer(database, fair="tenant")
    submit(claimer, "aa")
    claimer.submit(2, task="free")
    submit(claimer, "aab")
    submit(claimer, "c", priority=-1)
    assert tenants(claimer.claim(8)) == "cab..aaa"


def test_limits_hold_together_with_turns(database: Database) -> None:
    """Who is over a limit is passed by, and has its turn when there is room."""
    claimer = Claimer(database, fair="tenant", concurrency=(1, "tenant"))
    submit(claimer, "aaaabb")
    runs = claimer.claim(4)
    assert tenants(runs) == "ab"
    assert claimer.parked() == 4
    claimer.end(runs)
    assert tenants(claimer.claim(1)) == "a"
    assert tenants(claimer.claim(4)) == "b"


def test_what_was_submitted_before_keeps_its_place(database: Database) -> None:
    """It has no key: it runs where it stands, and what came later takes turns behind it."""
    claimer = Claimer(database, fair="tenant")
    submit(claimer, "zz", fair_key=None)
    submit(claimer, "aab")
    assert tenants(claimer.claim(4)) == "zzab"


def test_a_claim_costs_a_search_for_each_place(database: Database) -> None:
    """However many jobs wait, and of however many tenants; without fair tasks it has no such search."""
    sent: list[str] = []
    claimer = Claimer(database, fair="tenant")
    submit(claimer, "a" * 500)
    for number in range(100):
        submit(claimer, "bcdefgh"[number % 7])

    def listen(*args: Any) -> None:
        sent.append(args[2])

    event.listen(database.engine, "before_cursor_execute", listen)
    assert len(claimer.claim(4)) == 4
    fair = [sql for sql in sent if "fair_key" in sql or "simmer_turns" in sql]
    assert len(fair) <= 4 + 5
    sent.clear()
    plain = Claimer(database, "worker-2")
    plain.submit(4, queue="plain")
    assert len(plain.claim(4, ("plain",))) == 4
    event.remove(database.engine, "before_cursor_execute", listen)
    assert not [sql for sql in sent if "fair_key" in sql or "simmer_turns" in sql]


def test_more_places_than_are_dealt_at_once(database: Database) -> None:
    """The claim ends there, and the next one goes on."""
    claimer = Claimer(database, fair="tenant")
    submit(claimer, "a" * (turns.MOST_PLACES + 20) + "b")
    assert Counter(tenants(claimer.claim(100))) == {"a": turns.MOST_PLACES - 1, "b": 1}
    assert len(claimer.claim(100)) == 21


def test_the_arguments_of_a_job_say_whose_it_is(make_app: Callable[..., Flask], url: URL) -> None:
    """Those that it has when it runs: given or left out, edited or replaced."""
    jobs, ran = Simmer(), []

    @jobs.task(fair="tenant")
    def build(tenant: str = "b", note: str = "") -> None:
        ran.append(tenant + note)

    with make_app(jobs, url, JOBS_ENGINE="manual").app_context():
        for note in "123":
            build.submit(tenant="a", note=note)
        build.submit(note="4")
        edited = build.submit(tenant="a", note="5")
        jobs.runtime.edits.edit(edited.id, {"args": {"tenant": "c", "note": "5"}})
        unique = build.options(unique_key="one", on_conflict="replace")
        assert unique.submit(tenant="a").id == unique.submit(tenant="d", note="6").id
        assert jobs.testing.drain() == 6
    assert ran == ["a1", "b4", "c5", "d6", "a2", "a3"]


def test_an_argument_that_the_task_does_not_take_is_refused() -> None:
    """At the decorator, by its name."""
    with pytest.raises(TaskDefinitionError, match="fair names the argument 'tenant', which the task does"):
        Simmer().task("build", fair="tenant")(lambda: None)
    with pytest.raises(TaskDefinitionError, match="fair"):
        Simmer().task("build", fair=7)(lambda tenant: None)  # type: ignore[call-overload]
