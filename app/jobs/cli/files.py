"""`flask jobs files`: the files of a job."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from .group import jobs_cli, runtime
from .output import echo_stderr, json_option, print_json, print_rows
from .selection import find_id


@jobs_cli.command("files")
@click.argument("id")
@click.argument("name", required=False)
@click.option("--output", type=click.Path(path_type=Path), help="Write the content to this file, or folder.")
@json_option
def list_or_get_files(id: str, name: str | None, output: Path | None, as_json: bool) -> None:
    """Show the files of a job, or write the content of the one with that NAME to stdout.

    ID may be the beginning of one that no other shares.
    """
    id = find_id(id)
    if name is not None:
        _write(id, name, output)
        return
    if output is not None:
        raise click.UsageError("--output needs the NAME of a file.")
    found = [file.as_dict() for file in runtime().files.files_of(id)]
    if as_json:
        print_json({"items": found})
    elif not found:
        echo_stderr("No files.")
    else:
        print_rows(("name", "size", "content_type", "created_at"), found)


def _write(id: str, name: str, output: Path | None) -> None:
    file, content = runtime().files.open(id, name)
    with content:
        if output is None:
            shutil.copyfileobj(content, sys.stdout.buffer)
            return
        path = output / file.name if output.is_dir() else output
        try:
            with path.open("wb") as target:
                shutil.copyfileobj(content, target)
        except OSError as error:
            raise click.FileError(str(path), str(error)) from error
    echo_stderr(f"Wrote {path}, {file.size} bytes.")
