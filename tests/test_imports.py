"""Which room may import which: the arrow of the architecture, read from the sources without running them."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"romlib": ROOT / "romlib", "romlib_converters": ROOT / "converters", "romlib_plugins": ROOT / "plugins"}

# Room -> the rooms that it may name. What these may name, it may name too: rooms are layers, not capsules.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "blocks": set(),
    "files": {"errors"},
    "tensors": set(),
    "formula": {"errors"},
    "model": {"errors", "formula"},
    "mesh": {"errors", "tensors", "model"},
    "launcher": set(),
    "parallel": {"errors", "launcher"},
    "laws": {"tensors", "model"},
    "loads": {"mesh", "model", "formula"},
    "fem": {"mesh", "laws", "loads", "model"},
    "identity": {"mesh", "model", "loads"},
    "storage": {"errors", "files"},
    "snapshots": {"mesh", "model", "tensors", "identity", "files", "storage"},
    "check": {"snapshots", "fem", "parallel", "blocks"},
    "archive": {"model", "snapshots", "storage"},  # the fields file stores its pieces the way the snapshots file does
    "solution": {"archive", "snapshots", "blocks"},
    "online": {"archive", "fem", "solution"},
    "offline": {"check", "online", "parallel"},
    "report": {"archive", "snapshots", "solution", "fem"},  # it replays a reference that has no stress
    "fullorder": {"fem", "snapshots", "parallel"},
    "external": {"snapshots", "model", "parallel"},
    "study": {"offline", "report", "check", "fullorder"},
    "cli": {"study", "offline", "report", "check", "online", "parallel", "fullorder", "external"},
    "testing": {"study", "check", "online", "archive", "snapshots", "fem"},
    "__main__": {"cli"},
    "romlib_converters": {"mesh", "model", "snapshots"},
    "romlib_plugins": {"laws"},
}
HEAVY = {"mpi4py": {"parallel"}, "petsc4py": {"fullorder"}}


def modules() -> list[tuple[str, Path]]:
    """Every source file with its dotted name."""
    found = []
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found.append((".".join((package, *(part for part in parts if part != "__init__"))), path))
    return found


def room_of(module: str) -> str:
    """The room of a dotted name: the folder, or the file, under romlib; the package itself elsewhere."""
    parts = module.split(".")
    if parts[0] != "romlib":
        return parts[0]
    return parts[1] if len(parts) > 1 else "romlib"


def imported(module: str, path: Path) -> set[str]:
    """Dotted names that a file imports, anywhere in it, `if TYPE_CHECKING` and functions included."""
    names: set[str] = set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, base] if base else parent)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def allowed(room: str) -> set[str]:
    """The room, what it may import, and what these may."""
    reached, waiting = {room, "errors"}, list(MAY_IMPORT[room])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting.extend(MAY_IMPORT[other])
    return reached


def test_the_table_has_no_circle():
    for room in MAY_IMPORT:
        assert not any(room in allowed(other) for other in MAY_IMPORT[room]), room


@pytest.mark.parametrize("module, path", modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_imports_run_down_the_table_only(module, path):
    room = room_of(module)
    if room == "romlib":
        pytest.skip("the package itself names what its user sees")
    assert room in MAY_IMPORT, f"{path.relative_to(ROOT)} is in a room that MAY_IMPORT does not list"
    for name in imported(module, path):
        top = name.split(".")[0]
        if top in SOURCES:
            # `from romlib import __version__` names the package, not a room.
            target = room_of(name)
            is_room = top != "romlib" or (SOURCES["romlib"] / target).is_dir() or (
                SOURCES["romlib"] / f"{target}.py").is_file()
            assert not is_room or target in allowed(room), f"{module} imports {name}"
        if top in HEAVY:
            assert room in HEAVY[top], f"{module} imports {name}; only {HEAVY[top]} may"


@pytest.mark.parametrize("module", ["romlib", "romlib.online", "romlib.solution"])
def test_the_online_stage_reaches_no_mpi_and_no_offline(module):
    script = (
        f"import {module}, sys\n"
        "import romlib; romlib.load\n"
        "heavy = ('mpi4py', 'petsc4py', 'romlib_converters', 'romlib.offline', 'romlib.fullorder', 'romlib.check')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_every_package_is_installed():
    """A room that setup.cfg forgets works in place and is missing after `pip install .`."""
    configuration = configparser.ConfigParser()
    configuration.read(ROOT / "setup.cfg")
    listed = set(configuration["options"]["packages"].split())
    existing = {module for module, path in modules() if path.name == "__init__.py"}
    assert listed == existing


def test_no_module_is_outside_a_package():
    for _, path in modules():
        assert (path.parent / "__init__.py").is_file(), f"{path.parent.relative_to(ROOT)} has no __init__.py"
