"""The commands that only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command_line import command_line, is_refusal
from .commands import COMMANDS

API = "/api/v1"


def test_tasks_shows_what_each_task_takes(tmp_path: Path) -> None:
    """A line for each task, its optional arguments in brackets; --json is what the API answers."""
    with command_line(tmp_path) as here:
        (line,) = [line for line in here.ok("tasks").splitlines() if line.startswith("add ")]
        assert line.split() == ["add", "default", "0", "-", "a,", "[b]", "Add", "two", "numbers."]
        assert here.json("tasks") == here.app.test_client().get(f"{API}/tasks").get_json()


def test_show_has_the_finished_steps(tmp_path: Path) -> None:
    """A line for each below those of the attempts, secrets covered; no table where there is none."""
    with command_line(tmp_path) as here:
        job_id = here.submit("in_steps")
        assert "KIND" not in here.ok("show", job_id)
        here.drain()
        titles, *lines = here.ok("show", job_id).split("\n\n")[-1].splitlines()
        sleep, rows = sorted(lines)
        assert titles.split() == ["NAME", "KIND", "STATE", "RUN", "STARTED", "FINISHED", "RESULT"]
        assert rows.startswith("rows  step")
        assert rows.endswith('{"count":3,"token":"[redacted]"}')
        assert sleep.startswith("1     sleep  sleeping")


def test_list_shows_the_newest_first(tmp_path: Path) -> None:
    """A line for each job below the titles; nothing but a remark where there is none."""
    with command_line(tmp_path) as here:
        empty = here("list")
        assert (empty.stdout, empty.stderr) == ("", "No jobs.\n")
        first, second = here.submit("add", "a=1"), here.submit("fail")
        here.drain()
        titles, *lines = here.ok("list").splitlines()
        assert titles.split() == ["ID", "STATE", "TASK", "QUEUE", "ATTEMPT", "PROGRESS", "CREATED"]
        assert [line.split()[:5] for line in lines] == [
            [second, "failed", "fail", "default", "1/1"],
            [first, "succeeded", "add", "default", "1/1"],
        ]


def test_list_as_json_is_what_the_api_answers(tmp_path: Path) -> None:
    """The same jobs with the same keys, without the links that only HTTP has."""
    with command_line(tmp_path) as here:
        here.submit("report", "month=May", "password=p")
        here.drain()
        answered = here.app.test_client().get(f"{API}/jobs").get_json()
        for job in answered["items"]:
            job["links"] = None
        assert here.json("list") == answered


def test_jobs_are_found_by_their_meta(tmp_path: Path) -> None:
    """`--meta key=text` and `key:=json` of submit make an object, in which list looks by a path."""
    with command_line(tmp_path) as here:
        made = here.submit("echo", "--meta", "who=Ada", "--meta", 'shop:={"id": 7}')
        here.submit("echo", "--meta", "shop=7")
        assert here.json("show", made)["meta"] == {"who": "Ada", "shop": {"id": 7}}
        assert [
            job["id"] for job in here.json("list", "--meta", "shop.id=7", "--meta", 'who:="Ada"')["items"]
        ] == [made]
        is_refusal(here("list", "--meta", "a b=7"), 2, "not a path")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--state", "queued"], "cb"),
        (["--state", "queued", "--state", "scheduled"], "cba"),
        (["--task", "report"], "b"),
        (["--queue", "reports"], "b"),
        (["--tag", "monthly", "--tag", "urgent"], "cb"),
        (["--tag", "urgent", "--state", "scheduled"], ""),
        (["--limit", "2"], "cb"),
        (["--arg", "month=May"], "b"),
        (["--meta", "shop.id=7", "--state", "queued"], ""),
    ],
)
def test_list_filters(tmp_path: Path, words: list[str], found: str) -> None:
    """A filter that is repeated means or, different filters mean and."""
    with command_line(tmp_path) as here:
        names = {
            here.submit("add", "a=1", "--delay", 60): "a",
            here.submit("report", "month=May"): "b",
            here.submit("add", "a=2", "--tag", "urgent"): "c",
        }
        assert "".join(names[job["id"]] for job in here.json("list", *words)["items"]) == found


def test_list_goes_on_where_it_ended(tmp_path: Path) -> None:
    """A page that is not the last one names the cursor of the next, on stderr."""
    with command_line(tmp_path) as here:
        ids = [here.submit("add", f"a={number}") for number in range(3)]
        page = here("list", "--limit", "2")
        cursor = page.stderr.split()[-1]
        assert [line.split()[0] for line in page.stdout.splitlines()[1:]] == [ids[2], ids[1]]
        last = here("list", "--cursor", cursor)
        assert (last.stdout.splitlines()[1].split()[0], last.stderr) == (ids[0], "")


def test_show_tells_everything_of_a_job(tmp_path: Path) -> None:
    """The fields that have a value, its events, a line for each run, the traceback of the one that failed."""
    with command_line(tmp_path) as here:
        job_id = here.submit("second_time_lucky")
        here.drain()
        with here.app.app_context():
            here.app.extensions["simmer"].clock.advance(1)
        here.drain()
        fields, events, runs, traceback = here.ok("show", job_id).split("\n\n")
        shown = dict(line.split(maxsplit=1) for line in fields.splitlines())
        assert (shown["id"], shown["state"], shown["result"]) == (job_id, "succeeded", "2")
        assert "error" not in shown
        types = [line.split()[1] for line in events.splitlines()[1:]]
        assert types == ["submitted", "claimed", "retrying", "claimed", "succeeded"]
        assert [line.split()[:3] for line in runs.splitlines()[1:]] == [
            ["1", "1", "failed"],
            ["2", "2", "succeeded"],
        ]
        assert runs.splitlines()[1].endswith("OSError: not yet")
        title, first, *_, last = traceback.splitlines()
        assert (title, first, last) == ("run 1:", "Traceback (most recent call last):", "OSError: not yet")
        assert '    raise OSError("not yet")' in traceback.splitlines()


def test_a_traceback_does_not_rewrite_the_terminal(tmp_path: Path) -> None:
    """It keeps its lines, and what an exception says is shown without control characters."""
    with command_line(tmp_path) as here:
        job_id = here.submit("rewrite")
        here.drain()
        shown = here.ok("show", job_id)
        assert shown.splitlines()[-2:] == ["ValueError: first", "\N{REPLACEMENT CHARACTER}[2Jsecond"]


def test_list_filters_by_when_jobs_were_made_and_ran(tmp_path: Path) -> None:
    """Each of the six moments; a time without its zone is refused."""
    with command_line(tmp_path) as here:
        ran = here.submit("add", "a=1")
        here.drain()
        waits = here.submit("add", "a=2")
        for of, found in (("created", {ran, waits}), ("started", {ran}), ("finished", {ran})):
            for side, year in (("after", 2000), ("before", 2999)):
                listed = here.json("list", f"--{of}-{side}", f"{year}-01-01T00:00Z")["items"]
                assert {job["id"] for job in listed} == found
        assert here.json("list", "--finished-after", "2999-01-01T00:00Z")["items"] == []
        is_refusal(here("list", "--started-after", "yesterday"), 2, "--started-after")


def test_show_as_json_is_the_job_of_the_api(tmp_path: Path) -> None:
    """Every key, attempts and events as the API lists them for who may operate, secrets covered in both."""
    with command_line(tmp_path) as here:
        job_id = here.submit("report", "month=May", "password=opensesame")
        here.drain()
        answered = here.app.test_client().get(f"{API}/jobs/{job_id}").get_json()
        attempts, events = (
            here.app.test_client().get(f"{API}/jobs/{job_id}/{name}").get_json()["items"]
            for name in ("attempts", "events")
        )
        assert here.json("show", job_id) == {
            **answered,
            "links": None,
            "attempts": attempts,
            "events": events,
        }
        assert answered["args"]["password"] == answered["result"]["api_key"] == "[redacted]"
        assert "opensesame" not in here.ok("show", job_id)


def test_workers_shows_who_runs_jobs(tmp_path: Path) -> None:
    """A remark where there is nobody, else a line for each worker."""
    with command_line(tmp_path, engine="thread", threads=3) as here:
        nobody = here("workers")
        assert (nobody.stdout, nobody.stderr) == ("", "No worker is running.\n")
        here.start()
        here.ok("submit", "add", "a=1", "--wait", 20)
        titles, line = here.ok("workers").splitlines()
        shown = dict(zip(titles.split(), line.split(), strict=False))
        assert (shown["STATE"], shown["THREADS"], shown["QUEUES"]) == ("running", "3", "all")
        (worker,) = here.json("workers")["items"]
        assert worker["id"] == shown["ID"]


@pytest.mark.parametrize("name", ["tasks", "list", "show", "wait", "workers", "stats"])
def test_every_reading_command_has_json(name: str) -> None:
    """`--json` is where a program expects it."""
    assert "--json" in {opt for param in COMMANDS[name].params for opt in param.opts}


@pytest.mark.parametrize("command", ["show", "wait", "cancel", "retry", "delete"])
@pytest.mark.parametrize("job_id", ["01890000-0000-7000-8000-000000000000", "nonsense", "\udcff"])
def test_an_unknown_id_is_not_found(tmp_path: Path, command: str, job_id: str) -> None:
    """Exit code 3, whether no job has the id or none could have it."""
    with command_line(tmp_path) as here:
        is_refusal(here(command, job_id), 3, "no job has the id")


@pytest.mark.parametrize(
    "words",
    [
        ["--state", "done"],
        ["--limit", "0"],
        ["--limit", "501"],
        ["--cursor", "x"],
        ["--task", "\udcff"],
        ["--colour"],
        ["x"],
    ],
)
def test_a_list_that_cannot_be_is_a_mistake_of_usage(tmp_path: Path, words: list[str]) -> None:
    """Exit code 2, before anything is read."""
    with command_line(tmp_path) as here:
        is_refusal(here("list", *words), 2)


def test_no_control_character_reaches_the_terminal(tmp_path: Path) -> None:
    """What somebody submitted cannot move the cursor or colour the screen of whoever looks at it."""
    with command_line(tmp_path) as here:
        job_id = here.submit("echo", "value=\x1b[31mred\x9b0m\x07")
        here.drain()
        printed = here.ok("show", job_id) + here.ok("list")
        assert not [char for char in printed if not char.isprintable() and char != "\n"]
