"""kill -9: what was acknowledged ends once, soon after a restart or elsewhere, and poison is contained."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from functools import partial

import pytest

from ..support import eventually
from .conftest import StartServers
from .rows import FINAL
from .server_host import ServerHost, server_host
from .servers import Server

TWO, ONE = "gunicorn -k gthread -w2", "gunicorn -k gthread -w1"
QUICK = {"RESCUE_AFTER": 1, "HEARTBEAT_SECONDS": 0.2}
BEGUN = (
    "SELECT count(*) FROM simmer_attempts a JOIN simmer_jobs j ON j.id = a.job_id"
    " WHERE j.task = ? AND a.run = ? AND a.started_at IS NOT NULL"
)
OWNER = """SELECT pid FROM simmer_workers JOIN simmer_attempts ON simmer_attempts.worker = simmer_workers.id
           WHERE job_id = ? AND run = ?"""
ENDED = f"SELECT count(*) FROM simmer_jobs WHERE task = ? AND state IN {FINAL}"


@pytest.fixture(scope="module")
def long_job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerHost, str]]:
    """A job of ten seconds, which runs while the other tests of this module kill."""
    with server_host(tmp_path_factory.mktemp("long")) as here:
        job_id = here.up("waitress", **QUICK).submit("nap", seconds=10)
        here.start("worker", **QUICK)
        yield here, job_id


def has_ended(here: ServerHost, count: int, task: str) -> bool:
    """Whether so many jobs of `task` have ended, at least."""
    return (here.rows.one(ENDED, task) or 0) >= count


@pytest.mark.usefixtures("long_job")
def test_all_jobs_end_once_after_a_kill_and_a_restart(start_servers: StartServers) -> None:
    """200 jobs run and wait when everything is killed: each ends once, within 10 s of the restart."""
    servers = start_servers(TWO, "waitress", "run.py")
    tasks = {TWO: "nap", "waitress": "nap", "run.py": "count"}
    args = {"nap": {"seconds": 0.05}, "count": {"to": 1, "pause": 0.05}}
    accepted = {}
    for name, (here, server) in servers.items():
        accepted[name] = server.submit_many(200, tasks[name], **args[tasks[name]])
        eventually(partial(has_ended, here, 50, tasks[name]), 20, "50 ended")
        server.kill()
    for name, (here, _) in servers.items():
        left, begun = here.rows.states(tasks[name]), time.monotonic()
        here.start(name)
        here.until(200, ENDED, tasks[name])
        took = time.monotonic() - begun
        print(f"{name}: {left['running']} ran and {left['queued']} waited, all ended in {took:.1f} s")
        assert took < 10
        assert left["running"] > 0
        assert left["queued"] > 20
        assert here.rows.states(tasks[name]) == {"succeeded": 200}
        ids = here.rows.of("SELECT id FROM simmer_jobs WHERE task = ?", tasks[name])
        assert sorted(row[0] for row in ids) == sorted(accepted[name])
        here.rows.check_histories()


def test_a_neighbour_takes_the_jobs_of_the_dead(here: ServerHost) -> None:
    """Nobody restarts the killed process: another one on the machine sees that it is gone."""
    first = here.up("waitress")
    again, never = first.submit("nap", seconds=60), first.submit("once", seconds=60)
    here.until_job(again, "running")
    here.until_job(never, "running")
    here.ready(here.start("worker"), workers=2)
    first.kill()
    took = here.until(2, "SELECT run FROM simmer_jobs WHERE id = ?", again)
    print(f"claimed by the neighbour {took:.1f} s after the kill")
    assert took < 3
    assert here.rows.job(again, "state", "attempt", "crashes") == ("running", 1, 1)
    assert here.rows.events(again)[-2:] == ["rescued", "claimed"]
    state, attempt, error = here.rows.job(never, "state", "attempt", "error")
    assert (state, attempt, json.loads(error)["type"]) == ("failed", 1, "WorkerLost")
    assert here.rows.workers() == 1
    here.rows.check_histories()


@pytest.mark.parametrize("how", ["kill", pytest.param("exit", marks=pytest.mark.long)])
def test_poison_is_run_three_times_and_takes_nobody_with_it(here: ServerHost, how: str) -> None:
    """The second crash isolates it, the third one fails it; every other job succeeds."""
    server = here.up(ONE)
    others = server.submit_many(16, "nap", seconds=0.2)
    job_id = server.submit("poison", how=how)
    others += server.submit_many(16, "nap", seconds=0.2)
    took = here.until_job(job_id, "failed", timeout=40)
    here.until(len(others), ENDED, "nap")
    print(f"failed after {took:.1f} s and three processes")
    assert here.rows.job(job_id, "run", "attempt", "crashes") == (3, 1, 3)
    crashes = ["claimed", "rescued", "claimed", "rescued", "claimed", "failed"]
    assert here.rows.events(job_id) == ["submitted", *crashes]
    assert json.loads(here.rows.job(job_id, "error")[0])["type"] == "WorkerLost"
    last = here.rows.one("SELECT worker FROM simmer_attempts WHERE job_id = ? AND run = 3", job_id)
    lost_with_it = "SELECT job_id FROM simmer_attempts WHERE worker = ? AND outcome = 'lost'"
    assert here.rows.of(lost_with_it, last) == [(job_id,)]
    assert here.rows.states("nap") == {"succeeded": len(others)}
    here.rows.check_histories()


def test_innocent_suspects_do_not_starve_the_rest(here: ServerHost) -> None:
    """Eight jobs whose process was killed twice run one at a time; a hundred others wait for one at most."""
    server = here.up("waitress")
    server.submit_many(8, "nap", seconds=0.8)
    for run in (1, 2):
        here.until(8, BEGUN, "nap", run)
        server.kill()
        server = here.start("waitress")
    here.until(3, "SELECT max(run) FROM simmer_jobs")
    server.submit_many(100, "echo", value=1)
    took = here.until(100, ENDED, "echo")
    states = here.rows.states("nap")
    print(f"a hundred jobs took {took:.1f} s beside suspects: {states}")
    assert states.get("succeeded", 0) <= 2
    assert took < 2.4
    assert here.rows.of("SELECT DISTINCT crashes FROM simmer_jobs WHERE task = 'nap'") == [(2,)]


def owner(here: ServerHost, job_id: str, run: int) -> Server:
    """The server whose worker made that run."""
    pid = here.rows.one(OWNER, job_id, run)
    return next(server for server in here.servers if server.process.pid == pid)


def test_a_late_owner_changes_nothing(here: ServerHost) -> None:
    """One of two workers is suspended: the other one takes over, and what the first says later is refused."""
    one, _ = (here.start("worker", **QUICK) for _ in range(2))
    here.ready(one, workers=2)
    job_id = here.enqueue("nap", seconds=1.5)
    here.until_job(job_id, "running")
    first = owner(here, job_id, 1)
    first.suspend(here.rows)
    taken = here.until(2, "SELECT run FROM simmer_jobs WHERE id = ?", job_id)
    second = owner(here, job_id, 2)
    assert second is not first
    here.until_job(job_id, "succeeded")
    first.signal_all(signal.SIGCONT)
    first.says("late outcome of run 1")
    here.ready(first, workers=2)
    print(f"taken over {taken:.1f} s after the owner fell silent, which was to be 1 s at least")
    assert job_id in first.words
    assert json.loads(here.rows.job(job_id, "result")[0]) == {"pid": second.process.pid}
    assert here.rows.events(job_id) == ["submitted", "claimed", "rescued", "claimed", "succeeded"]
    here.rows.check_histories()


def test_a_long_job_of_a_live_worker_is_never_rescued(long_job: tuple[ServerHost, str]) -> None:
    """It takes ten times RESCUE_AFTER, with a neighbour that looks: it is run once."""
    here, job_id = long_job
    here.until_job(job_id, "succeeded")
    assert here.rows.events(job_id) == ["submitted", "claimed", "succeeded"]
