"""What is left of files that nobody has any more is removed, whatever died at whatever moment."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.jobs import current_job
from app.jobs.database.tables import FILE_PARTS, FILES
from app.jobs.ticker import file_sweeper
from app.jobs.ticker.file_sweeper import AGAIN_AFTER, SWEEP_EVERY, FileSweeper

from ..api.api_client import ApiClient, api_client


class Deadly(io.RawIOBase):
    """Some content, whose reader is killed in the middle."""

    def __init__(self) -> None:
        self._reads = 0

    def read(self, size: int = -1) -> bytes:
        """A megabyte, and then the end of the process."""
        self._reads += 1
        if self._reads > 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return bytes(size)


def remains(here: ApiClient, folder: Path) -> tuple[int, int]:
    """How many rows of files there are, and how many files or parts."""
    with here.jobs.runtime.database.read() as conn:
        rows, parts = (
            conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (FILES, FILE_PARTS)
        )
    return rows, parts + sum(path.is_file() for path in (folder / "simmer-files").rglob("*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("where", ["simmer-files", "database"])
def test_what_a_killed_process_has_written_is_removed_after_an_hour(tmp_path: Path, where: str) -> None:
    """Not before: it might be a slow one that is still writing."""
    with api_client(tmp_path, files=where) as here, here.app.app_context():
        here.jobs.task("work")(lambda: current_job.attach(Deadly(), name="x").size)  # type: ignore[arg-type]
        here.jobs.submit("work")
        pid = os.fork()
        if pid == 0:
            here.jobs.testing.drain()
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
        rows, contents = remains(here, tmp_path)
        assert rows == 1
        assert contents > 0
        sweeper = FileSweeper(here.jobs.runtime.files)
        assert sweeper.run_once() == SWEEP_EVERY
        assert remains(here, tmp_path) == (rows, contents)
        here.jobs.testing.advance("1h")
        assert sweeper.run_once() == SWEEP_EVERY
        assert remains(here, tmp_path) == (0, 0)


@pytest.mark.parametrize("where", ["simmer-files", "database"])
def test_many_files_are_removed_in_small_batches(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is more it is due again at once; what is a job's stays."""
    monkeypatch.setattr(file_sweeper, "BATCH", 2)
    with api_client(tmp_path, files=where) as here, here.app.app_context():

        @here.jobs.task
        def work() -> None:
            for number in range(3):
                current_job.attach(bytes(300_000), name=f"{number}.bin")

        gone, kept = here.jobs.submit("work"), here.jobs.submit("work")
        here.jobs.testing.drain()
        here.jobs.delete(gone.id)
        sweeper = FileSweeper(here.jobs.runtime.files)
        assert [sweeper.run_once() for _ in range(2)] == [AGAIN_AFTER, SWEEP_EVERY]
        assert remains(here, tmp_path) == (3, 6 if where == "database" else 3)
        assert len(here.jobs.files(kept.id)) == 3


def test_content_that_cannot_be_removed_keeps_no_other_from_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and tried again; the rest is removed."""
    with api_client(tmp_path) as here, here.app.app_context():

        @here.jobs.task
        def work() -> None:
            for name in ("one", "two"):
                current_job.attach(b"x", name=name)

        job = here.jobs.submit("work")
        here.jobs.testing.drain()
        blocked = next(path for path in (tmp_path / "simmer-files").rglob("*") if path.is_file())
        blocked.unlink()
        (blocked / "in the way").mkdir(parents=True)
        here.jobs.delete(job.id)
        assert FileSweeper(here.jobs.runtime.files).run_once() == SWEEP_EVERY
        assert remains(here, tmp_path) == (1, 0)
        assert "cannot be removed" in caplog.text
