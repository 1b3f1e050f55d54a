"""The house's rules that a machine can check: DESIGN.md's order of rooms, no circle, and nothing that is too long."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pose_demo"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(file for file in (PACKAGE.parent / "tests").rglob("*.py") if "node_modules" not in file.parts)
#: A module imports only from its own room and those before it.
ROOMS = (
    {"locales", "shipped", "writing"},
    {"joints", "decode", "crop", "photo", "examples"},
    {"weights", "download"},
    {"networks"},
    {"xray"},
    {"person", "comparison", "many"},
    {"study", "training"},
    {"draw"},
    {"moving"},
    {"page"},
    {"commands", "__main__"},
)
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def name_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in FILES}


def imported(file: Path) -> Iterator[str]:
    """The modules of the package that a file imports: at its top, inside a function, or for types alone."""
    package = name_of(file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                yield f"{source}.{alias.name}" if f"{source}.{alias.name}" in MODULES else source
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def arrows(file: Path) -> set[str]:
    """The package's own root counts for nothing: it holds the version, and loads `compare` when that is asked for."""
    return {name for name in imported(file) if name in MODULES and name not in ("pose_demo", name_of(file))}


def room(module: str) -> str:
    return module.split(".")[1]


def test_no_arrow_goes_backwards():
    for module, file in MODULES.items():
        if module == "pose_demo":
            continue
        assert room(module) in RANK, f"{module} has no place in DESIGN.md's order"
        for other in arrows(file):
            assert RANK[room(other)] <= RANK[room(module)], f"{module} imports {other}, which comes after it"


def test_no_import_circle():
    graph = {module: arrows(file) for module, file in MODULES.items() if module != "pose_demo"}
    try:
        assert tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize("room", ["networks", "training"])
def test_training_needs_no_page_no_opencv_and_no_mmpose(room):
    for file in (PACKAGE / room).glob("*.py"):
        top = {name.partition(".")[0] for name in imported(file)}
        foreign = top & {"gradio", "cv2", "plotly", "mmpose", "mmengine"}
        assert not foreign or file.name in ("mmpose_compat.py", "reference.py", "mmpose.py"), (file.name, foreign)


@pytest.mark.parametrize("file", [*FILES, *TESTS], ids=lambda file: file.relative_to(PACKAGE.parent).as_posix())
def test_nothing_is_too_long(file):
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 400 and max(map(len, lines), default=0) <= 120
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= 50, node.name


def test_no_two_test_files_share_a_name():
    """tests/ has no packages: of two files of one name pytest collects the first alone, and stops at the second."""
    names = [file.name for file in TESTS if file.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def families() -> set[str]:
    """Every class of networks/ that is a PoseNetwork, and the modules that hold them."""
    found = set()
    for file in (PACKAGE / "networks").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and "PoseNetwork" in {getattr(base, "id", "") for base in node.bases}:
                found |= {node.name, file.stem}
    return found


@pytest.mark.parametrize("file", [f for f in FILES if "networks" not in f.parts], ids=name_of)
def test_nobody_outside_networks_knows_a_family(file):
    """A class that is not imported cannot be asked for with isinstance."""
    known = families()
    assert len(known) > 4
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names} | set((node.module or "").split("."))
            assert not names & known, f"line {node.lineno}"
