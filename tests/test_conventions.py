"""How tests are written: mirrored files, a sentence each, no sleep, no private name of what is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PACKAGE: Final = HERE.parent / "app" / "jobs"
FILES: Final = {
    str(path.relative_to(HERE)): path
    for path in sorted(HERE.rglob("*.py"))
    if not path.is_relative_to(HERE / "reuse" / "host")  # another project's tree
}
TREES: Final = {name: ast.parse(path.read_text()) for name, path in FILES.items()}
TESTS: Final = [name for name in FILES if Path(name).name.startswith("test_")]
MOST_LINES: Final = 250
PUBLIC: Final = {"_exit"}
"""Names of others that look private and are not."""
WITHOUT_COUNTERPART: Final = {
    "api/test_blueprint.py": "the API as a whole, mounted elsewhere or nowhere",
    "engines/test_after.py": "what every engine promises of jobs that ended",
    "engines/test_composition.py": "what every engine does with jobs that wait for others",
    "engines/test_context.py": "what every engine keeps from a job",
    "engines/test_current_job.py": "what every engine's tasks see of their job",
    "engines/test_emit.py": "what every engine keeps of what its tasks emit",
    "engines/test_executor.py": "the one place where Flask-Executor's internals matter",
    "engines/test_files.py": "what every engine keeps of a job's files",
    "engines/test_logs.py": "what every engine keeps of what its tasks log",
    "engines/test_order.py": "which job every engine runs first",
    "engines/test_results.py": "what every engine stores as a result",
    "engines/test_retries.py": "how every engine tries again",
    "engines/test_steps.py": "what every engine does of a job's steps",
    "engines/test_transactions.py": "what every engine does in the caller's transaction",
    "schedules/triggers/test_docs_cron.py": "docs/cron.md",
    "schedules/triggers/test_fire_times.py": "all triggers, against a table and a search by brute force",
    "schedules/triggers/test_properties.py": "all triggers, by properties",
    "schedules/triggers/test_refusals.py": "all triggers, by what they refuse",
    "schedules/triggers/test_refusals_random.py": "all triggers, by anything at random",
    "schedules/triggers/test_until.py": "all triggers, by what it costs to count",
    "store/test_constraints.py": "what the tables themselves refuse",
    "store/test_query_plans.py": "every statement's plan",
    "store/test_transitions.py": "every change of a state, whichever file makes it",
    "test_bench.py": "bench/",
    "test_conventions.py": "tests/",
    "test_docs.py": "docs/",
    "test_docs_site.py": "docs/",
    "test_docs_snippets.py": "docs/",
    "test_docs_streams.py": "docs/http.md",
    "test_imports.py": "the package as a whole",
}
"""Tests of a room that belong to no file of it, and why."""


def is_of_a_room(name: str) -> bool:
    """Whether the tests are of the package, not of the service, of processes or of other projects."""
    first = Path(name).parts[0]
    return first == name or (PACKAGE / first).is_dir()


def counterparts(name: str) -> Iterator[Path]:
    """The files that it may be named after: `test_a_b.py` tests `a_b.py`, or a part of what `a.py` does."""
    words = Path(name).stem.removeprefix("test_").split("_")
    for end in range(1, len(words) + 1):
        yield PACKAGE / Path(name).parent / ("_".join(words[:end]) + ".py")


def private_names(tree: ast.AST) -> Iterator[str]:
    """Names with one underscore that are imported, asked of something else than `self`, or patched there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("attr", "patch")):
            for word in node.args[:2]:
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield from (part for part in word.value.split(".") if is_private(part))


def is_private(name: str) -> bool:
    """Whether somebody has said that it is not for others."""
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def test_tests_stand_where_their_subject_stands() -> None:
    """`tests/<room>/test_<file>….py` tests `app/jobs/<room>/<file>.py`, or has a reason not to."""
    of_rooms = [name for name in TESTS if is_of_a_room(name) and name not in WITHOUT_COUNTERPART]
    assert [name for name in of_rooms if not any(path.exists() for path in counterparts(name))] == []


def test_every_exception_exists() -> None:
    """A reason for a file that is gone is dropped with it."""
    assert set(WITHOUT_COUNTERPART) <= set(TESTS)


def test_every_test_says_in_a_sentence_what_it_proves() -> None:
    """Its docstring is one sentence, with a full stop."""
    for name in TESTS:
        for node in ast.walk(TREES[name]):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                sentence = " ".join((ast.get_docstring(node) or "").split())
                assert re.fullmatch(r"(?:[^.]|\.(?! [A-Z]))+\.", sentence), f"{name}: {node.name}"


def test_tests_use_no_private_name() -> None:
    """What a test needs of something else is public there, so that the inside can change."""
    assert {name: found for name, tree in TREES.items() if (found := list(private_names(tree)))} == {}


def test_tests_wait_for_conditions() -> None:
    """Nothing sleeps: `eventually` asks again until it is so."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                assert "sleep" not in {alias.name for alias in node.names}, name
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"), name


def test_files_of_tests_are_short() -> None:
    """One subject, and not more than one reads in one go."""
    lines = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
