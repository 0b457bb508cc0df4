"""`flask jobs files`."""

from __future__ import annotations

from pathlib import Path

from .command_line import CommandLine, command_line, is_refusal

API = "/api/v1"


def attached(here: CommandLine) -> str:
    """A job with a file."""
    job_id = here.submit("attach")
    here.drain()
    return job_id


def test_files_lists_and_fetches(tmp_path: Path) -> None:
    """A line for each file; the content of one on stdout, or in a file; --json is what the API answers."""
    with command_line(tmp_path, files=str(tmp_path / "kept")) as here:
        job_id = attached(here)
        titles, line = here.ok("files", job_id).splitlines()
        assert titles.split() == ["NAME", "SIZE", "CONTENT", "TYPE", "CREATED"]
        assert line.split()[:3] == ["out.csv", "4", "text/csv"]
        answered = here.app.test_client().get(f"{API}/jobs/{job_id}/files").get_json()
        assert here.json("files", job_id) == answered
        assert here.ok("files", job_id, "out.csv") == "a,b\n"
        for output in (tmp_path, tmp_path / "copy.csv"):
            wrote = here("files", job_id, "out.csv", "--output", output)
            assert (wrote.exit_code, wrote.stdout) == (0, "")
            assert "4 bytes" in wrote.stderr
        assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "copy.csv").read_bytes() == b"a,b\n"


def test_files_of_nothing(tmp_path: Path) -> None:
    """No file is a remark; another name, and a place that cannot be written, are errors."""
    with command_line(tmp_path, files=str(tmp_path / "kept")) as here:
        job_id = here.submit("add", "a=1")
        empty = here("files", job_id)
        assert (empty.exit_code, empty.stdout, empty.stderr) == (0, "", "No files.\n")
        is_refusal(here("files", job_id, "x"), 3, "'x'")
        is_refusal(here("files", job_id, "--output", tmp_path), 2, "NAME")
        is_refusal(here("files", attached(here), "out.csv", "--output", tmp_path / "no" / "x"), 1, "no/x")
