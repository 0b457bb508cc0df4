"""What `init_app` refuses, warns of, and adds to the host."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.jobs import ConfigError, InvalidArguments, Simmer, TaskDefinitionError

AppFactory = Callable[..., Flask]


def greet(name: str, times: int = 1) -> None: ...


ARGS: list[tuple[dict[str, Any], str]] = [
    ({"times": 1}, "#/args/name: Missing data"),
    ({"name": 7}, "#/args/name: Must be a string"),
    ({"name": "a", "size": 1}, "#/args/size: Unknown field"),
    ({"name": object()}, "object cannot be encoded"),
]


@pytest.mark.parametrize(("args", "complaint"), ARGS)
def test_a_schedule_whose_arguments_its_task_does_not_take_is_refused(
    make_app: AppFactory, args: dict[str, Any], complaint: str
) -> None:
    """When the app is initialised, naming the schedule and the argument."""
    jobs = Simmer()
    jobs.schedule("interval", hours=1, id="hourly", args=args)(jobs.task(greet))
    with pytest.raises(TaskDefinitionError, match=rf"schedule 'hourly' of the task 'greet': .*{complaint}"):
        make_app(jobs)


def test_all_schedules_that_do_not_fit_are_named(make_app: AppFactory) -> None:
    """Nobody mends one only to learn of the next."""
    jobs = Simmer()
    for slug in ("one", "two", "three"):
        args = {} if slug == "two" else {"name": 7}
        jobs.schedule("interval", hours=1, id=slug, args=args)(jobs.task(greet))
    with pytest.raises(TaskDefinitionError, match=r"'one'.*; schedule 'two'.*; schedule 'three'"):
        make_app(jobs)


def test_a_schedule_that_was_declared_later_is_refused_at_the_start(make_app: AppFactory) -> None:
    """Tasks may be registered after init_app: then the threads do not start."""
    jobs = Simmer()
    app = make_app(jobs)
    jobs.schedule("interval", hours=1, id="hourly", args={"name": 7})(jobs.task(greet))
    with app.app_context(), pytest.raises(TaskDefinitionError, match="'hourly'"):
        jobs.start()


@pytest.mark.parametrize("args", [[], ["Ada"], "Ada", 0, [("name", "Ada")]])
def test_args_that_are_no_mapping_are_refused(make_app: AppFactory, args: Any) -> None:
    """Of a declared schedule, of one made at run time and of a job, saying what they must be."""
    jobs = Simmer()
    task = jobs.task(greet)
    with pytest.raises(TaskDefinitionError, match="'hourly': args must be a mapping of arguments by name"):
        jobs.schedule("interval", hours=1, id="hourly", args=args)
    submit: list[Callable[[], Any]] = [
        lambda: jobs.submit("greet", args),
        lambda: jobs.add_schedule(task="greet", trigger="interval", hours=1, args=args),
        lambda: task.submit_many([{"name": "Ada"}, args]),
    ]
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        for call in submit:
            with pytest.raises(InvalidArguments, match=r"#/(1/)?args: must be a mapping .*, not \w+"):
                call()


def host(**config: Any) -> Flask:
    """An app with a database that no test here needs: nothing connects to it."""
    app = Flask("host")
    app.config.update(
        SQLALCHEMY_DATABASE_URI="sqlite:////never/opened.db",
        JOBS_ENGINE="manual",
        JOBS_SQLITE_SYNCHRONOUS="NORMAL",
        **config,
    )
    SQLAlchemy(app)
    return app


def test_a_command_of_the_hosts_own_is_not_replaced() -> None:
    """`flask jobs` of the host stays; ours can be named otherwise, or left out."""
    for group in ("jobs", "simmer", None):
        app = host(JOBS_CLI_GROUP=group)

        @app.cli.command("jobs")
        def openings() -> None:
            """The host's vacancies."""

        if group == "jobs":
            with pytest.raises(ConfigError, match=r"a command `flask jobs` of its own: .*JOBS_CLI_GROUP"):
                Simmer(app)
        else:
            Simmer(app)
        assert app.cli.commands["jobs"] is openings
        assert ("simmer" in app.cli.commands) is (group == "simmer")


def test_our_commands_answer_to_the_name_that_they_are_given(make_app: AppFactory) -> None:
    """With it in their usage."""
    console = make_app(Simmer(), JOBS_CLI_GROUP="simmer", JOBS_ENGINE="manual").test_cli_runner()
    assert console.invoke(args=["simmer", "list"]).exit_code == 0
    assert "flask simmer [OPTIONS]" in console.invoke(args=["simmer", "--help"], prog_name="flask").output
    assert console.invoke(args=["jobs", "list"]).exit_code == 2


KEYS: dict[str, Any] = {
    "JOBS": [{"id": "a", "func": "tasks:a", "trigger": "interval", "seconds": 10}],
    "SCHEDULER_API_ENABLED": True,
    "SCHEDULER_JOB_DEFAULTS": {"coalesce": False, "max_instances": 3},
    "SCHEDULER_EXECUTORS": {"default": {"type": "threadpool", "max_workers": 20}},
    "SCHEDULER_TIMEZONE": "Europe/Berlin",
}


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_flask_apscheduler_are_warned_of(key: str, caplog: pytest.LogCaptureFixture) -> None:
    """They are not silently ignored: each is told where it goes."""
    places = ("@jobs.schedule", "JOBS_API_PREFIX", "misfire", "JOBS_THREADS", "JOBS_TIMEZONE")
    Simmer(host(**{key: KEYS[key]}))
    (warning,) = [record.getMessage() for record in caplog.records if key in record.getMessage()]
    assert warning.startswith(f"{key} is a key of Flask-APScheduler")
    assert dict(zip(KEYS, places, strict=True))[key] in warning


@pytest.mark.parametrize("value", [None, [], ["backend", "frontend"], {"backend": 3}])
def test_other_keys_of_a_host_are_its_own(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A host may have a list of jobs, or a scheduler."""
    Simmer(host(JOBS=value, SCHEDULER="slurm", SCHEDULER_HOST="localhost"))
    assert caplog.text == ""


def test_schedules_are_declared_by_the_name_of_the_app(
    make_app: AppFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`python shop.py` (import name __main__) and `flask --app shop run` declare the same schedules."""
    jobs = Simmer()
    jobs.schedule("interval", hours=1, id="hourly")(jobs.task("tick")(lambda: None))
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "shop.py")
    owners = []
    for import_name in ("shop", "__main__"):
        monkeypatch.setitem(sys.modules, import_name, main)
        app = make_app(jobs, name=import_name, JOBS_ENGINE="manual", JOBS_APP=None)
        with app.app_context():
            jobs.testing.advance(0)
            owners.append(jobs.get_schedule("hourly").declared_by)
    assert owners == ["shop", "shop"]
