"""Every server starts the threads by itself, fires each fire time once, and answers for every job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.jobs.clock import Clock
from app.jobs.database.database import Database
from app.jobs.schedules.declaration import Declaration
from app.jobs.schedules.policy import Policy
from app.jobs.schedules.triggers import parse_trigger
from app.jobs.store import schedules

from ..support import eventually
from .rows import Rows
from .server_host import ServerHost, server_host
from .servers import Server

FOUR = "gunicorn -k gthread --threads=4 -w4"
DEBUG = ("flask run --debug", "script.py debug")
DEBUG_IN_ENVIRONMENT = "gunicorn -k gthread -w1"
PLAIN = ("flask run", "script.py", "waitress", "run.py")
SERVERS = (FOUR, FOUR + " --preload", DEBUG_IN_ENVIRONMENT, *PLAIN, *DEBUG)
FIRED = "SELECT count(*) FROM simmer_fires WHERE schedule_id = 'tick'"
SECOND = timedelta(seconds=1)
Served = dict[str, tuple[ServerHost, Server]]


@contextmanager
def one_of_each(folder: Path) -> Iterator[Served]:
    """A server of each kind, at the same time; nobody has asked them anything when they are seen to work."""
    with ExitStack() as stack:
        on = {name: stack.enter_context(server_host(folder / name.replace(" ", "_"))) for name in SERVERS}
        debug = {DEBUG_IN_ENVIRONMENT: {"FLASK_DEBUG": 1}}
        started = {name: here.start(name, **debug.get(name, {})) for name, here in on.items()}
        served = {name: (here, here.ready(started[name])) for name, here in on.items()}
        add_tick(on["run.py"], "count", {"to": 1, "pause": 0})
        yield served


def add_tick(here: ServerHost, task: str, args: dict[str, Any]) -> None:
    """A schedule of one second, stored by somebody else."""
    now = Clock().now()
    trigger = parse_trigger("interval", seconds=1, start_now=True)
    new = Declaration("tick", task, trigger, args, Policy(max_running=None))
    database = Database.connect(make_url(here.url), threads=1, synchronous="NORMAL")
    with database.write() as conn:
        schedules.add(conn, new, now)
    database.close()


def fire(served: Served, seconds: int) -> None:
    """Let all of them fire so many times more, then end them; those with a reloader reload in the middle."""
    wait_for_fires(served, seconds // 2)
    before = {name: served[name][0].rows.of("SELECT id FROM simmer_workers") for name in DEBUG}
    for name in DEBUG:
        (served[name][0].folder / "host.py").touch()
    wait_for_fires(served, seconds - seconds // 2)
    for name in DEBUG:
        here, _ = served[name]
        eventually(partial(has_other_workers, here, before[name]))
    for _, server in served.values():
        server.kill()


def has_other_workers(here: ServerHost, before: list[tuple[Any, ...]]) -> bool:
    """Whether there are workers, and not those of before."""
    return here.rows.of("SELECT id FROM simmer_workers") not in (before, [])


def has_fired(here: ServerHost, times: int) -> bool:
    """Whether it has fired so often, at least."""
    return bool(here.rows.one(FIRED) >= times)


def wait_for_fires(served: Served, more: int) -> None:
    """Until each has fired so many times more."""
    already = {name: here.rows.one(FIRED) for name, (here, _) in served.items()}
    for name, (here, _) in served.items():
        eventually(partial(has_fired, here, already[name] + more), 60, f"{name} fires")


def assert_fired_once(rows: Rows, up_at: datetime, reloads: bool) -> float:
    """One decision for each second, and one job; how late the latest was, in seconds."""
    columns = "fire_time, decision, job_id, decided_at"
    fires = rows.of(f"SELECT {columns} FROM simmer_fires WHERE schedule_id = 'tick' ORDER BY fire_time")
    times = [datetime.fromisoformat(fire[0]) for fire in fires]
    assert {later - earlier for earlier, later in pairwise(times)} == {SECOND}, fires
    of_jobs = rows.of("SELECT fire_time, id FROM simmer_jobs WHERE schedule_id = 'tick'")
    assert sorted(of_jobs) == sorted((fire[0], fire[2]) for fire in fires if fire[2]), fires
    quiet = [fire for fire in fires if datetime.fromisoformat(fire[0]) > up_at]
    if not reloads:
        assert {fire[1] for fire in quiet} == {"fired"}, fires
    return max((datetime.fromisoformat(f[3]) - datetime.fromisoformat(f[0])).total_seconds() for f in quiet)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Started once for the tests of this module."""
    with one_of_each(tmp_path_factory.mktemp("servers")) as made:
        yield made


@pytest.fixture(scope="module")
def fired_since(served: Served) -> datetime:
    """All have fired and ended; when the last was up: before, one was late because all started at once."""
    at = Clock().now().replace(tzinfo=None)
    fire(served, 5)
    return at


def test_any_process_answers_for_any_job(served: Served) -> None:
    """25 jobs submitted to four processes, each polled 8 times: found every time, whoever is asked."""
    _, server = served[FOUR]
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda n: server.submit("echo", value=n), range(25)))
        answers = list(threads.map(lambda job_id: server.ask(f"jobs/{job_id}"), ids * 8))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.headers["X-Pid"] for answer in answers}) > 1
        done = list(threads.map(lambda job_id: server.ask(f"jobs/{job_id}?wait=10"), ids))
    assert [answer.body["result"]["value"] for answer in done] == list(range(25))


@pytest.mark.parametrize("name", SERVERS)
def test_a_fire_time_is_fired_once(
    served: Served, fired_since: datetime, name: str, record_property: Callable[[str, object], None]
) -> None:
    """However many processes look, also across a reload; the threads started without any request."""
    latest = assert_fired_once(served[name][0].rows, fired_since, name in DEBUG)
    record_property("latest", latest)
    print(f"{name}: at most {latest * 1000:.0f} ms late")


@pytest.mark.long
def test_a_fire_time_is_fired_once_for_twenty_seconds(tmp_path: Path) -> None:
    """The same for longer."""
    with one_of_each(tmp_path) as served:
        at = Clock().now().replace(tzinfo=None)
        fire(served, 20)
        for name, (here, _) in served.items():
            print(f"{name}: at most {assert_fired_once(here.rows, at, name in DEBUG) * 1000:.0f} ms late")
