"""`flask jobs wait` and the line that shows the progress."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from app.jobs import Job, Progress
from app.jobs.cli.progress import ProgressBar

from .command_line import command_line


class Terminal(io.StringIO):
    """A stream that redraws, or one that does not."""

    encoding = "ascii"

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Whether it redraws."""
        return self._is_terminal


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Any job."""
    with command_line(tmp_path) as here:
        return here.get(here.submit("add", "a=1"))


@pytest.mark.parametrize(
    ("words", "code", "printed"), [(["add", "a=1"], 0, "1\n"), (["fail"], 1, ""), (["give_up"], 4, "")]
)
def test_wait_ends_as_the_job_did(tmp_path: Path, words: list[str], code: int, printed: str) -> None:
    """The exit code tells the final state, also where it was reached long ago."""
    with command_line(tmp_path) as here:
        job_id = here.submit(*words)
        here.drain()
        result = here("wait", job_id)
        assert (result.exit_code, result.stdout) == (code, printed)


def test_wait_returns_when_the_job_ends(tmp_path: Path) -> None:
    """A job that a worker runs meanwhile is waited for."""
    with command_line(tmp_path, engine="thread") as here:
        job_id = here.submit("add", "a=1", "--delay", "0.3")
        here.start()
        assert here.ok("wait", job_id, "--timeout", 20) == "1\n"


def test_wait_gives_up_after_its_time_with_any_clock(tmp_path: Path) -> None:
    """Exit code 124, also where the clock of the tests stands still."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")
        result = here("wait", job_id, "--timeout", "0.05")
        assert (result.exit_code, result.stdout) == (124, "")
        assert f"job {job_id} is queued" in result.stderr


def test_a_terminal_has_one_line_that_is_redrawn(job: Job) -> None:
    """Each snapshot overwrites the last, none is wider than the screen, and the end is a new line."""
    stream, now = Terminal(is_terminal=True), iter(range(100))
    bar = ProgressBar(stream, lambda: float(next(now)))
    half = Progress(5, 10, 50.0, "half \x1b[31m way \u2026" + "x" * 100, 2.0)
    for shown in (job, replace(job, state="running", progress=half)):
        bar.show(shown)
    bar.close()
    empty, first, second = stream.getvalue().split("\r")
    assert (empty, first.split()) == ("", ["queued", "1", "s"])
    assert second.startswith(f"running   [{'#' * 15}{'-' * 15}]  50 % 5/10 2 s left half")
    assert second.endswith("2 s\n")
    assert len(second) <= len(first) + 1 <= 81
    assert "\x1b" not in second


def test_elsewhere_a_line_is_written_for_news_only(job: Job) -> None:
    """A new state at once, progress at most once a second, and nothing twice."""
    stream, now = Terminal(is_terminal=False), [0.0]
    bar = ProgressBar(stream, lambda: now[0])
    for moment, shown in [
        (0.0, job),
        (0.1, job),
        (0.2, replace(job, state="running")),
        (0.3, replace(job, state="running", progress=Progress(1))),
        (2.0, replace(job, state="running", progress=Progress(2, message="rows"))),
        (9.0, replace(job, state="running", progress=Progress(2, message="rows"))),
    ]:
        now[0] = moment
        bar.show(shown)
    bar.close()
    assert stream.getvalue().splitlines() == ["queued", "running", "running   2 rows"]


def test_watch_shows_the_progress_and_ends_as_wait_does(tmp_path: Path) -> None:
    """Nothing on stdout; the exit code tells the final state."""
    with command_line(tmp_path) as here:
        good, bad = here.submit("add", "a=1"), here.submit("fail")
        here.drain()
        assert here.ok("watch", good) == ""
        result = here("watch", bad)
        assert (result.exit_code, result.stdout, "ValueError" in result.stderr) == (1, "", True)


def test_ctrl_c_leaves_the_job_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait ends with 130 and says how to come back; the job is as it was."""
    with command_line(tmp_path) as here:
        job_id = here.submit("add", "a=1")

        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(here.app.extensions["simmer"].jobs, "wait", interrupt)
        result = here("wait", job_id)
        assert (result.exit_code, result.stdout) == (130, "")
        assert result.stderr.endswith(f"The job goes on; come back to it with: flask jobs wait {job_id}\n")
        assert here.get(job_id).state == "queued"
