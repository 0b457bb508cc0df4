"""`flask jobs batches`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command_line import CommandLine, command_line, is_refusal
from .host import add, fail, jobs


def submit(here: CommandLine) -> str:
    """A batch of a job that fails and one that does not; its id."""
    with here.app.app_context():
        return jobs.batch([fail.s(), add.s(a=1)]).submit().id


def test_a_batch_is_shown_and_what_failed_of_it_retried(tmp_path: Path) -> None:
    """The states that are there, the progress; --json is what the API answers."""
    with command_line(tmp_path) as here:
        batch_id = submit(here)
        here.drain()
        shown = dict(line.split(maxsplit=1) for line in here.ok("batches", "show", batch_id).splitlines())
        assert (shown["id"], shown["total"], shown["failed"], shown["succeeded"]) == (batch_id, "2", "1", "1")
        assert shown["progress"].endswith("100 %")
        assert "queued" not in shown
        answer = here.app.test_client().get(f"/api/v1/batches/{batch_id}").get_json()
        assert here.json("batches", "show", batch_id) == answer
        assert here.json("batches", "retry", batch_id)["counts"]["queued"] == 1


def test_a_batch_is_cancelled(tmp_path: Path) -> None:
    """Its jobs that do not run, at once."""
    with command_line(tmp_path) as here:
        batch_id = submit(here)
        result = here("batches", "cancel", batch_id, "--json")
        assert (result.exit_code, result.stderr) == (0, "Cancelled.\n")
        assert here.json("batches", "show", batch_id)["counts"]["cancelled"] == 2


@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
@pytest.mark.parametrize("batch_id", ["01890000-0000-7000-8000-000000000000", "nonsense", "\udcff"])
def test_an_unknown_batch_is_not_found(tmp_path: Path, command: str, batch_id: str) -> None:
    """Exit code 3."""
    with command_line(tmp_path) as here:
        is_refusal(here("batches", command, batch_id), 3, "no batch has the id")
