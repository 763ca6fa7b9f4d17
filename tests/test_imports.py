"""Which room may import which: the arrow of the architecture, read from the sources without running them."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"romlib": ROOT / "romlib", "romlib_converters": ROOT / "converters", "romlib_plugins": ROOT / "plugins"}

# Room -> the rooms that it may name. What these may name, it may name too: rooms are layers, not capsules.
MAY_IMPORT: dict[str, set[str]] = {
    "words": set(),
    "errors": set(),
    "blocks": {"errors"},
    "files": {"errors"},
    "tensors": set(),
    "formula": {"errors"},
    "model": {"errors", "formula"},
    "mesh": {"errors", "tensors", "model"},
    "launcher": set(),
    "progress": set(),
    "parallel": {"errors", "launcher"},
    "stepping": {"errors"},
    "laws": {"tensors", "model", "stepping"},
    "loads": {"mesh", "model", "formula"},
    "fem": {"mesh", "laws", "loads", "model"},
    "identity": {"mesh", "model", "loads", "parallel"},
    "storage": {"errors", "files"},
    "nodal": {"mesh", "tensors", "blocks"},
    "snapshots": {"mesh", "model", "tensors", "identity", "files", "storage", "nodal"},
    "check": {"snapshots", "fem", "parallel", "blocks"},
    "states": {"snapshots", "laws", "identity", "storage", "mesh", "model"},
    "archive": {"model", "snapshots", "storage"},  # the fields file stores its pieces the way the snapshots file does
    "life": {"errors", "tensors", "model"},
    "results": {"fem", "mesh", "model", "nodal", "tensors", "snapshots", "blocks"},
    "export": {"results", "nodal", "mesh", "tensors", "snapshots", "blocks"},
    "solution": {"archive", "snapshots", "states", "blocks", "results"},
    "dictionary": {"archive", "words"},
    "online": {"archive", "fem", "solution", "stepping", "dictionary"},
    "clusters": {"errors", "words", "model"},
    "offline": {"check", "online", "parallel", "clusters", "progress"},
    "report": {"archive", "snapshots", "solution", "fem", "life", "nodal"},  # it replays a reference that has no stress
    "fullorder": {"fem", "snapshots", "states", "parallel", "stepping"},
    "certificate": {"fullorder", "blocks"},
    "external": {"snapshots", "model", "parallel"},
    "enrichment": {"offline", "certificate"},
    "study": {"offline", "life", "nodal", "report", "check", "fullorder", "certificate", "enrichment"},
    "greedy": {"study", "external"},
    "templates": {"study"},
    "cli": {"templates", "study", "offline", "report", "check", "online", "parallel", "fullorder", "certificate",
            "external", "export", "greedy", "progress"},
    "testing": {"study", "check", "online", "archive", "snapshots", "fem"},
    "__main__": {"cli"},
    "romlib_converters": set(),
    "romlib_converters.common": {"mesh", "model", "snapshots"},
    "romlib_converters.keyword": {"mesh", "romlib_converters.common"},
    "romlib_converters.ansys": {"romlib_converters.common"},
    "romlib_converters.calculix": {"romlib_converters.keyword"},
    "romlib_converters.abaqus": {"romlib_converters.keyword"},
    "romlib_converters.zset": {"romlib_converters.common"},
    "romlib_converters.med": {"romlib_converters.common"},
    "romlib_converters.nastran": {"romlib_converters.common"},
    "romlib_converters.lsdyna": {"romlib_converters.common"},
    "romlib_converters.meshio": {"romlib_converters.med"},
    "romlib_converters.aster": {"romlib_converters.med"},
    "romlib_converters.exodus": {"romlib_converters.common"},
    "romlib_plugins": {"laws"},
}
# Whoever uses sklearn, skops and joblib imports them in the function that needs them.
HEAVY: dict[str, set[str]] = {"mpi4py": {"parallel"}, "petsc4py": {"fullorder"}, "joblib": set(),
                              "sklearn": {"clusters", "dictionary"}, "skops": {"dictionary"}}


def modules() -> list[tuple[str, Path]]:
    """Every source file with its dotted name."""
    found = []
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found.append((".".join((package, *(part for part in parts if part != "__init__"))), path))
    return found


def room_of(module: str) -> str:
    """The room of a dotted name: the folder, or the file, under romlib; elsewhere the folder, or the package itself."""
    parts = module.split(".")
    if parts[0] != "romlib":
        inner = ".".join(parts[:2])
        return inner if inner in MAY_IMPORT else parts[0]
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
    reached, waiting = {room, "errors", "words"}, list(MAY_IMPORT[room])
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


def private_uses(module: str, path: Path) -> list[str]:
    """Private names that a file takes from another module of ours.

    A private module is its package's: `romlib_plugins._umat_call` may import `romlib_plugins._umat_kernel`.
    """
    package, ours, found = module if path.name == "__init__.py" else module.rpartition(".")[0], {}, []
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in SOURCES:
            ours.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    for name in ours.values():
        home, _, last = name.rpartition(".")
        is_module = home == package and (path.parent / f"{last}.py").is_file()
        if last.startswith("_") and last != "__version__" and not is_module:
            found.append(name)
    for node in ast.walk(tree):
        if (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ours
                and re.match("_[^_]", node.attr)):
            found.append(f"{ours[node.value.id]}.{node.attr}")
    return found


def test_private_names_stay_in_their_module():
    assert {module: uses for module, path in modules() if (uses := private_uses(module, path))} == {}


def test_a_private_name_taken_from_another_module_is_found(tmp_path):
    path = tmp_path / "thief.py"
    path.write_text("from romlib.words import plural\nfrom romlib.errors import _told\n"
                    "from romlib.report import offscreen\noffscreen._loads('x')\n")
    assert private_uses("romlib.thief", path) == ["romlib.errors._told", "romlib.report.offscreen._loads"]


def test_the_online_stage_reaches_no_mpi_and_no_offline():
    script = (
        "import sys\n"
        "import romlib, romlib.online, romlib.solution; romlib.load, romlib.Solution, romlib.NodalTemperature\n"
        "heavy = ('mpi4py', 'petsc4py', 'sklearn', 'skops', 'joblib', 'scipy.spatial', 'romlib_converters')\n"
        "heavy += ('romlib.offline', 'romlib.fullorder', 'romlib.check')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_no_module_imports_a_private_name_of_another():
    """What another module needs is no longer private: it gets a name without an underscore, and words."""
    found = [f"{module} imports {name}" for module, path in modules() for name in sorted(imported(module, path))
             if re.search(r"\._[a-z]\w*$", name) and name.startswith(tuple(f"{package}." for package in SOURCES))
             and not is_module(name)]
    assert not found


def is_module(name: str) -> bool:
    """Whether a dotted name is a file of ours: a module for the use of its package has an underscore."""
    package, *parts = name.split(".")
    return (SOURCES[package].joinpath(*parts).with_suffix(".py")).is_file()


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
