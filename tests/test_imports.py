"""The rooms of the package, their order, and the way that imports go between them: down, never up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parent.parent / "app" / "jobs"
FACE: Final = "face"
LEAVES: Final = "leaves"
ROOMS: Final = (
    (FACE,),
    ("cli",),
    ("dashboard",),
    ("ticker",),
    ("api",),
    ("worker",),
    ("service", "engines"),
    ("execution",),
    ("tasks",),
    ("arguments", "store"),
    ("database",),
    ("client",),
    ("serialization",),
    ("schedules",),
    ("process",),
    ("webhooks",),
    ("options", "config"),
    (LEAVES,),
)
"""A room imports only from those behind it; rooms of one entry do not know each other."""
FACE_FILES: Final = ("__init__", "extension", "pytest_plugin", "runtime", "testing")
MOST_ROOT_FILES: Final = 17
FLOOR: Final = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}


def _modules() -> dict[str, Path]:
    """Every module by its dotted name within the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES: Final = _modules()


def _room(module: str) -> str:
    first, _, rest = module.partition(".")
    if rest or (PACKAGE / first).is_dir():
        return first if module else FACE
    return FACE if first in FACE_FILES else LEAVES


def _imports(module: str) -> Iterator[str]:
    """The modules of the package that it imports, what is only for type checkers included."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [part for part in package if part][: len(package) - node.level + 1]
            parent = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{parent}.{alias.name}".lstrip(".")
                yield name if name in MODULES else parent


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_from_rooms_behind_it(module: str) -> None:
    """No arrow goes up or sideways between rooms; the face alone may look around in its own."""
    mine = _room(module)
    for other in _imports(module):
        if _room(other) != mine:
            assert FLOOR[mine] < FLOOR[_room(other)], f"{module} must not import {other}"


def test_no_import_leads_back_to_where_it_came_from() -> None:
    """There is no circle, neither between modules of a room nor by what type checkers alone import."""
    left = {module: set(_imports(module)) - {module} for module in MODULES}
    while free := [module for module, needed in left.items() if not needed & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"in or above a circle: {sorted(left)}"


def test_every_room_is_known() -> None:
    """A new room is put into the order, and every entry but those to come is a folder."""
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms | {FACE, LEAVES, "dashboard"} == set(FLOOR)


def test_the_root_stays_small() -> None:
    """What is no room is the face or a leaf, and fits on one screen."""
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= MOST_ROOT_FILES


@pytest.mark.parametrize("module", MODULES)
def test_the_package_does_not_know_who_uses_it(module: str) -> None:
    """No absolute import of its own names: it is found under another name elsewhere."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] not in ("app", "flask_simmer"), f"{name}: use a relative import"


def test_only_the_store_writes_sql() -> None:
    """No room but the store builds statements; the database room describes tables and compiles."""
    words = {"insert", "update", "delete", "select"}
    for module, path in MODULES.items():
        if _room(module) in ("store", "database"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                assert not words & {alias.name for alias in node.names}, path


def test_only_the_database_room_knows_which_databases_there_are() -> None:
    """Elsewhere nothing is compared with the name of a database, and nobody asks SQLAlchemy for one."""
    names = {"sqlite", "postgresql", "mysql", "mariadb"}
    for module, path in MODULES.items():
        if _room(module) == "database":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare | ast.MatchValue | ast.Dict):
                found = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                assert not names & found, f"{path}:{node.lineno}: ask the dialect"
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("get_backend_name", "get_dialect", "paramstyle"), path
