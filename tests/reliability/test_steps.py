"""kill -9 at each step of a job: what was finished is not done again, and a sleep ends when it was to end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Simmer, current_job
from app.jobs.job import Job
from app.jobs.states import FINAL
from app.jobs.store import rescue

from ..support import ROOT, eventually, job_is
from . import steps_host

MakeApp = Callable[..., Flask]
NAMES = ("one", "two", "three")
PLACES = [
    *((name, where) for name in NAMES for where in ("inside", "after")),
    ("sleep", "begun"), ("sleep", "after"),
]  # fmt: skip


class KilledJob:
    """A run of a job of three steps, a sleep before the last, whose process is killed once at `place`.

    What it does is written to files in `folder`.
    """

    def __init__(self, folder: Path, *place: str) -> None:
        self._place, self._killed, self._log = place, folder / "killed", folder / "log"

    @property
    def calls(self) -> list[str]:
        """The steps that were begun, in order."""
        return self._log.read_text().split()

    def work(self) -> list[str]:
        """The task."""
        done = [self._step(name) for name in NAMES[:2]]
        try:
            current_job.sleep(60)
        except BaseException:
            self._at("sleep", "begun")
            raise
        self._at("sleep", "after")
        return [*done, self._step(NAMES[2])]

    def _step(self, name: str) -> str:
        result = current_job.step(name, self._do, name)
        self._at(name, "after")
        return result

    def _do(self, name: str) -> str:
        with self._log.open("a") as log:
            log.write(f"{name}\n")
        self._at(name, "inside")
        return f"{name} of call {len(self.calls)}"

    def _at(self, *place: str) -> None:
        if place == self._place and not self._killed.exists():
            self._killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def drain_in_a_process(jobs: Simmer, app: Flask) -> int:
    """Run what is due in a process of its own; by which signal it was ended."""
    pid = os.fork()
    if pid == 0:
        with app.app_context():
            jobs.testing.drain()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_kill_does_no_finished_step_again(make_app: MakeApp, url: URL, tmp_path: Path) -> None:
    """Each step's function ran once where the kill was not inside it, and the job succeeds in time."""
    jobs = Simmer()
    folder = {place: tmp_path / "_".join(place) for place in PLACES}
    jobs.task("work")(lambda name, where: KilledJob(folder[name, where], name, where).work())
    app = make_app(jobs, url=url, JOBS_ENGINE="manual", JOBS_API_PREFIX=None)
    for name, where in PLACES:
        folder[name, where].mkdir()
        with app.app_context():
            job = jobs.submit("work", {"name": name, "where": where})
            begun_at, ends = jobs.runtime.clock.now(), []
            while not job.is_final:
                ends.append(drain_in_a_process(jobs, app))
                with jobs.runtime.database.write() as conn:
                    rescue.rescue(conn, jobs.runtime.clock.now())
                job = jobs.get(job.id)
                wait_for_its_time(jobs, job)
            assert ends.count(signal.SIGKILL) == 1
            assert job.state == "succeeded"
            twice = name if where == "inside" else None
            expected = [step for step in NAMES for _ in range(1 + (step == twice))]
            assert KilledJob(folder[name, where]).calls == expected
            assert (jobs.runtime.clock.now() - begun_at).total_seconds() == pytest.approx(60)
            assert job.attempt == 1
            assert [step.result for step in jobs.steps(job.id) if step.kind == "step"] == job.result


def wait_for_its_time(jobs: Simmer, job: Job) -> None:
    """Where the job sleeps, move the clock to its end."""
    if job.state == "scheduled":
        jobs.testing.advance((job.run_at - jobs.runtime.clock.now()).total_seconds())


def test_a_sleep_goes_on_after_a_restart(make_app: MakeApp, url: URL) -> None:
    """Another process, of the next day, goes on at the next step."""
    calls: list[str] = []

    def start() -> Simmer:
        jobs = Simmer()

        @jobs.task("work")
        def work() -> None:
            current_job.step("one", calls.append, "one")
            current_job.sleep(86_400)
            current_job.step("two", calls.append, "two")

        return jobs

    first, second = start(), start()
    with make_app(first, url=url, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        job = first.submit("work")
        assert first.testing.drain() == 1
    with make_app(second, url=url, JOBS_ENGINE="manual", JOBS_API_PREFIX=None).app_context():
        assert second.testing.drain() == 0
        second.testing.advance("1d")
        assert second.testing.drain() == 1
        assert second.get(job.id).state == "succeeded"
    assert calls == ["one", "two"]


class Workers:
    """Two processes that run the jobs of `steps_host`."""

    def __init__(self, url: URL, folder: Path) -> None:
        self.log, self._folder = folder / "steps.log", folder
        settings = {"RESCUE_AFTER": "1", "HEARTBEAT_SECONDS": "0.2", "THREADS": "4"}
        self._env = {
            **os.environ, **{f"FLASK_JOBS_{name}": value for name, value in settings.items()},
            "DATABASE_URL": url.render_as_string(hide_password=False), "STEPS_LOG": str(self.log),
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self._processes = [self._start() for _ in range(2)]

    def kill_one(self) -> None:
        """And start another one in its place."""
        at = random.randrange(2)
        self._processes[at].kill()
        self._processes[at].wait()
        self._processes[at] = self._start()

    def end(self) -> None:
        """Kill both."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "flask", "--app=tests.reliability.steps_host", "jobs", "worker"]
        with (self._folder / "workers.log").open("ab") as out:
            return subprocess.Popen(command, cwd=self._folder, env=self._env, stdout=out, stderr=out)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_workers_that_are_killed_all_the_time_do_no_finished_step_again(
    make_app: MakeApp, url: URL, tmp_path: Path
) -> None:
    """A step that was begun twice was in a run that a kill took down; what it returned last is the result."""
    make_app(Simmer(), url=url, JOBS_AUTOSTART=False)
    app, workers = steps_host.create_app(url), Workers(url, tmp_path)
    with app.app_context():
        ids = [job.id for job in steps_host.work.submit_many([{}] * 60)]
        try:
            for _ in range(8):
                eventually(partial(has_grown, workers.log, len(read_lines(workers.log))), 30, "steps")
                workers.kill_one()
            found = [eventually(job_is(steps_host.jobs, id, *FINAL), 60) for id in ids]
        finally:
            workers.end()
        lost = {id: lost_runs(id) for id in ids}
        steps_host.jobs.runtime.database.close()
        steps_host.db.engine.dispose()
    runs_of: dict[tuple[str, int], list[int]] = {}
    for line in read_lines(workers.log):
        job_id, number, run = line.split()
        runs_of.setdefault((job_id, int(number)), []).append(int(run))
    repeated = [(job_id, runs) for (job_id, _), runs in runs_of.items() if len(runs) > 1]
    print(f"{len(runs_of)} steps, {len(repeated)} begun again, {sum(map(len, lost.values()))} runs lost")
    assert all(set(runs[:-1]) <= lost[job_id] for job_id, runs in repeated)
    succeeded = [job for job in found if job.state == "succeeded"]
    for job in succeeded:
        last = [runs_of[job.id, number][-1] for number in range(steps_host.STEPS)]
        assert job.result == [f"{number} by {run}" for number, run in enumerate(last)]
    assert len(succeeded) > 40


def read_lines(log: Path) -> list[str]:
    """What the steps have written."""
    return log.read_text().splitlines() if log.exists() else []


def has_grown(log: Path, count: int) -> bool:
    """Whether there are some more lines than that."""
    return len(read_lines(log)) > count + 5


def lost_runs(job_id: str) -> set[int]:
    """The runs of a job that ended with their process."""
    attempts = steps_host.jobs.runtime.jobs.attempts(job_id)
    return {attempt["run"] for attempt in attempts if attempt["outcome"] == "lost"}
