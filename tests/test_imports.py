"""The arrow of imports goes one way, and the package knows nothing of who uses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "app" / "jobs"
LAYERS = (
    "errors states outcomes ids clock triggers evidence notices onecopy serving process gate pace",
    "backoff config job redaction text loops",
    "encoding",
    "fields context",
    "signature json_schema columns turn loading watch strict_json",
    "arguments policies sqlite",
    "registry models",
    "options database",
    "caller store line",
    "looks submission backlog commits runner slots firing",
    "engines claimer ticker",
    "crew",
    "worker",
    "supervisor duties service",
    "runtime",
    "autostart forks connect problems presenter waiting testing",
    "access schemas",
    "routes cli task",
    "extension",
    "__init__",
)
LAYER = {name: depth for depth, names in enumerate(LAYERS) for name in names.split()}


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """What a module imports when it runs: (level, dotted name); type-checking blocks do not count."""
    tree = ast.parse(path.read_text())
    guarded = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names] if node.module is None else [node.module]
            yield from ((node.level, name) for name in names)


def _top(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_layers(path: Path) -> None:
    """No upward and no circular import; beside each other only within one folder."""
    mine, depth = _top(path), len(path.relative_to(PACKAGE).parts)
    for level, name in _imports(path):
        if level == 0:
            assert name.partition(".")[0] not in ("app", "flask_simmer"), f"{name}: use a relative import"
        elif level == depth:
            other = name.partition(".")[0]
            assert LAYER[other] < LAYER[mine], f"{mine} must not import {other}"


def test_every_module_has_its_layer() -> None:
    """A new module is put into the picture."""
    assert {_top(path) for path in _modules()} == set(LAYER)


def test_only_the_store_writes_sql() -> None:
    """No other module builds statements (models and database describe tables and connections)."""
    words = {"insert", "update", "delete", "select"}
    for path in _modules():
        if _top(path) == "store":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                assert not words & {alias.name for alias in node.names}, path
