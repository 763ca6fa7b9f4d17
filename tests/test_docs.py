"""The pages in docs/ against the code: what they name exists, what they tabulate is so, what files have is there."""

from __future__ import annotations

import configparser
import importlib
import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from hand_made_rom import affine, clustered, enriched, hand_made_rom, with_dictionary, with_indicator, write_both
from romlib_converters.zset.elements import SOLIDS
from romlib_converters.zset.fields import NAMES
from test_imports import MAY_IMPORT, SOURCES

import romlib.model
from romlib.archive import hdf5
from romlib.archive.accuracy import Accuracy, Attempt, RunErrors
from romlib.archive.manifest import Manifest
from romlib.archive.romfile import fields_path
from romlib.check.options import CheckOptions
from romlib.fullorder.options import SolverOptions
from romlib.identity.contents import identity_of
from romlib.laws.mises import MisesLaw
from romlib.loads.amplitudes import evaluate
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import ELEMENTS
from romlib.mesh.mesh import FaceSet, Mesh
from romlib.mesh.partition import split
from romlib.mesh.quadrature import RULES
from romlib.mesh.skin import add_skin
from romlib.model import Case, Material, Model, Orientation, Pressure, Temperature, TrainedModel
from romlib.offline.options import OfflineOptions
from romlib.online.newton import NewtonOptions
from romlib.snapshots import FieldSpec, SnapshotsWriter, schema
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.states import tables
from romlib.states.file import StateWriter
from romlib.states.state import NodeState, SavedState, StateBlock
from romlib.states.tables import ARRAYS as ARRAYS_OF_RUN
from romlib.study.case_file import read_case_file

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = tuple(sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
                     if path.relative_to(DOCS).parts[0] not in ("example_plugin", "tools")))
MISES = {"young": 2e5, "poisson": 0.3, "yield": 200.0}
_DOTTED = re.compile(r"`((?:romlib|romlib_converters|romlib_plugins)(?:\.\w+)+)")
_PATH = re.compile(r"`((?:romlib|converters|plugins|cases|tests|benchmarks|docs|\.ci)/[^`\s]*)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", text(page), re.MULTILINE)
    assert heading, f"docs/{page} has no heading {title!r}"
    rest = text(page)[heading.end():]
    end = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[:end.start()] if end else rest


def rows(page: str, title: str) -> list[list[str]]:
    """The cells of every table row in a section, without heads and rulers."""
    found, table = [], []
    for line in [*section(page, title).splitlines(), ""]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
        elif table:
            found += table[2:]
            table = []
    assert found, f"docs/{page} has no table in {title!r}"
    return found


def names(cell: str) -> list[str]:
    return _CODE.findall(cell)


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def entry_points() -> set[tuple[str, str, str]]:
    configuration = configparser.ConfigParser()
    configuration.read(ROOT / "setup.cfg")
    return {(group, *(part.strip() for part in line.split("=")))
            for group, lines in configuration["options.entry_points"].items()
            for line in lines.strip().splitlines()}


def test_every_page_is_in_the_menu_and_on_the_first_page():
    """Two clicks at most from the first page to any other."""
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES:
        assert f": {page}\n" in menu, page
        assert page == "index.md" or f"]({page})" in text("index.md"), page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in _LINK.findall(_FENCE.sub("", text(page))):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        path = (DOCS / page).parent / target if target else DOCS / page
        path = path / "README.md" if path.is_dir() else path
        assert path.is_file(), f"docs/{page} links {link}"
        assert not anchor or anchor in anchors(path), f"docs/{page} links {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_python_name_exists(page):
    groups = {group for group, _, _ in entry_points()}
    for name in sorted(set(_DOTTED.findall(text(page))) - groups):
        found, parts = None, name.split(".")
        for depth in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:depth]))
            except ModuleNotFoundError:
                continue
            break
        assert found is not None, f"docs/{page} names {name}"
        for part in parts[depth:]:
            assert hasattr(found, part), f"docs/{page} names {name}"
            found = getattr(found, part)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page):
    for path in _PATH.findall(text(page)):
        assert any(ROOT.glob(path.rstrip("/"))), f"docs/{page} names {path}"


@pytest.mark.parametrize("page", PAGES)
def test_every_source_that_is_cited_is_listed(page):
    listed = {row[0] for row in rows("algorithms.md", "Sources")}
    cited = set(re.findall(r"(\[[A-Z]{1,3}\d*\])(?!\()", text(page)))
    assert cited <= listed


def test_the_rooms_and_their_imports_are_those_of_the_test():
    table = {names(room)[0]: set(names(may)) for room, _, may in rows("architecture.md", "The rooms")}
    assert table == MAY_IMPORT


def test_every_room_that_exists_is_documented():
    documented = {names(row[0])[0] for row in rows("architecture.md", "The rooms")}
    existing = {path.name for path in SOURCES["romlib"].iterdir() if (path / "__init__.py").is_file()}
    existing |= {path.stem for path in SOURCES["romlib"].glob("*.py")} - {"__init__"}
    elsewhere = {".".join((package, *init.parent.relative_to(SOURCES[package]).parts))
                 for package in set(SOURCES) - {"romlib"} for init in SOURCES[package].rglob("__init__.py")}
    assert documented == existing | elsewhere


def test_the_entry_points_are_those_of_setup_cfg():
    table = {tuple(names(cell)[0] for cell in row) for row in rows("architecture.md", "Entry points and rules")}
    assert table == entry_points()


def test_the_standard_fields_are_those_of_the_converters_and_laws():
    documented = {names(row[0])[0] for row in rows("architecture.md", "Names of standard fields")}
    computed = {"von_mises"}
    assert documented == set(NAMES.values()) | set(MisesLaw.from_parameters(MISES).state_variables) | computed


# The layout of files


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    """A snapshots file, a ROM and a fields file that have something of everything."""
    folder = tmp_path_factory.mktemp("docs")
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh = Mesh(**{**mesh.__dict__, "node_arrays": {"flag": np.arange(mesh.n_node)},
                   "cell_arrays": {"group": np.arange(mesh.n_cell)}, "cell_tags": {"left": np.array([0])}})
    pieces = [with_face_array(piece) for piece in add_skin(split(mesh, np.array([0, 1])))]
    model = Model(
        materials={"steel": Material(
            law="mises", parameters=MISES, orientation=Orientation(first=(1, 2, 0), plane=(0, 1, 0)))},
        loads={"pressure": Pressure(faces="xmax"), "heat": Temperature(field=1.0)},
        amplitudes={"pressure": "10*t", "heat": "20 + 5*t", "pull": 0.1}, initial_temperature=20.0)
    fields = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip")}
    bounds = ErrorBounds({"stress": np.zeros(2)}, (), np.zeros(2, dtype=bool), np.array([0.0, 1.0]))
    with SnapshotsWriter(folder / "x.vtkhdf", pieces, model, [0.0, 1.0], fields, bounds=bounds,
                         clusters=np.array([0, 1]), nodal=True, case="pull") as writer:
        for step in range(2):
            for p, piece in enumerate(pieces):
                writer.write("displacement", step, p, np.zeros((piece.n_node, 3)))
                writer.write("stress", step, p, np.zeros((8 * piece.n_cell, 6)))
    rom, data = hand_made_rom(
        pieces, model, [affine(0), affine(1)], liftings={"pull": affine(0)},
        dual={"stress": (6, True), "p": (1, False)}, cases={"ramp": Case(times=(0.0, 1.0))})
    rom.trained = TrainedModel(identity=identity_of(pieces, model))
    rom, data = clustered((rom, data), pieces, [[0], [1]], np.eye(2, 3), [0, 1])
    rom.dictionary = with_dictionary(rom, ["pressure", "pull"]).dictionary
    write_both(folder / "x.rom", enriched(with_indicator(rom)), data)
    return {"Snapshots file": folder / "x.vtkhdf", "ROM": folder / "x.rom",
            "Fields file": fields_path(folder / "x.rom"), "State file": state_file(folder / "x.state")}


def state_file(path: Path) -> Path:
    one, three = np.zeros(1), np.zeros((1, 3))
    saved = SavedState(0.0, 0.0, "", {"steel": {"law": "mises"}}, (), None, dict.fromkeys(ARRAYS_OF_RUN, one))
    with StateWriter(path, saved) as writer:
        writer.write(StateBlock(
            0, np.array([1]), np.array([1]), three, np.array([0]), ("steel",), np.zeros((1, 6)), np.zeros((1, 6)),
            [np.zeros((1, 7))], one, one, one, NodeState(np.array([1]), three, three),
            np.eye(3)[None]))
    return path


def with_face_array(mesh: Mesh) -> Mesh:
    skin = mesh.face_tags["skin"]
    skin = FaceSet(skin.blocks, {"side": np.arange(skin.n_face)})
    return Mesh(**{**mesh.__dict__, "face_tags": {**mesh.face_tags, "skin": skin}})


SUMS_GROUP = {"Snapshots file": "/romlib/checksums", "ROM": "/checksums", "Fields file": "/checksums",
              "State file": "/checksums"}
MESH_GROUP = {"Snapshots file": "/romlib/pieces/<p>", "ROM": None, "Fields file": "/pieces/<p>/mesh",
              "State file": None}


def documented_entries(title: str) -> set[str]:
    """Objects, and attributes as object@attribute, of the tables of a file; placeholders as they are."""
    found = set()
    table = rows("file-formats.md", title)
    if MESH_GROUP[title] is not None:
        table = table + rows("file-formats.md", "A mesh in a group")
    checked = rows("file-formats.md", "What is checked when a file is read")
    table = table + [row for row in checked if "SUMS" in row[0]]
    for row in table:
        last = ""
        for name in names(row[0]):
            name = re.sub("^SUMS", SUMS_GROUP[title], re.sub("^MESH", MESH_GROUP[title] or "", name))
            if title in ("ROM", "State file") and "/blocks/" in name and name.startswith("/checksums"):
                continue  # no array of these is read in parts
            if name.startswith("@"):
                found.add(f"{last}{name}")
            else:
                last = name
                found.add(name)
    return found


def existing_entries(path: Path) -> tuple[set[str], set[str]]:
    """Datasets and attributes; and groups."""
    leaves, groups = set(), {"/"}

    def attributes(name: str, item: h5py.HLObject) -> None:
        leaves.update(f"{name}@{attribute}" for attribute in item.attrs)

    def visit(name: str, item: h5py.HLObject) -> None:
        (leaves if isinstance(item, h5py.Dataset) else groups).add(f"/{name}")
        attributes(f"/{name}", item)

    with h5py.File(path) as file:
        attributes("/", file)
        file.visititems(visit)
    return leaves, groups


def pattern(entry: str) -> re.Pattern[str]:
    return re.compile("[^/@]+".join(map(re.escape, re.split(r"<\w+>", entry))))


@pytest.mark.parametrize("title", MESH_GROUP)
def test_everything_in_a_file_is_documented(title, written):
    leaves, groups = existing_entries(written[title])
    patterns = [pattern(entry) for entry in documented_entries(title)]
    assert not [leaf for leaf in sorted(leaves) if not any(p.fullmatch(leaf) for p in patterns)]
    parents = {parent for entry in documented_entries(title) for parent in prefixes(entry)}
    known = [pattern(parent) for parent in parents]
    assert not [group for group in sorted(groups) if not any(p.fullmatch(group) for p in known)]


def prefixes(entry: str) -> set[str]:
    """An object and the groups that it is in."""
    parts = entry.split("@")[0].strip("/").split("/")
    return {"/", *("/" + "/".join(parts[:n]) for n in range(1, len(parts) + 1))}


@pytest.mark.parametrize("title", MESH_GROUP)
def test_everything_documented_is_in_the_file(title, written):
    leaves, groups = existing_entries(written[title])
    found = leaves | groups
    assert not [entry for entry in sorted(documented_entries(title)) if not any(map(pattern(entry).fullmatch, found))]


def test_the_schema_versions_are_the_documented_ones():
    table = {name: int(number) for row in rows("file-formats.md", "File formats")
             for name, number in re.findall(r"`(romlib\.[\w.]+)` = (\d+)", row[-1])}
    assert table == {"romlib.snapshots.schema.SCHEMA_VERSION": schema.SCHEMA_VERSION,
                     "romlib.archive.hdf5.SCHEMA": hdf5.SCHEMA,
                     "romlib.archive.hdf5.FIELDS_SCHEMA": hdf5.FIELDS_SCHEMA,
                     "romlib.states.tables.VERSION": tables.VERSION}


def keys_of(kind: type) -> list[str]:
    return [f.name for f in fields(kind)] if is_dataclass(kind) else list(kind.model_fields)


def test_the_keys_of_the_descriptions_are_the_documented_ones():
    table = {names(row[0])[0]: names(row[1]) for title in ("The model", "The manifest")
             for row in rows("file-formats.md", title)}
    public = [getattr(romlib.model, name) for name in romlib.model.__all__]
    classes = {kind.__name__: kind for kind in (*public, Manifest, Accuracy, RunErrors, Attempt)
               if isinstance(kind, type) and not kind.__name__.endswith("Tag")}
    assert table == {name: keys_of(kind) for name, kind in classes.items()}


def test_the_example_of_a_case_file_can_be_read(tmp_path):
    example = re.search(r"```toml\n(.*?)```", section("file-formats.md", "Case file"), re.DOTALL)
    path = tmp_path / "case.toml"
    path.write_text(example[1])
    case = read_case_file(path)
    assert all(np.isfinite(evaluate(amplitude, np.linspace(0.0, 4.0, 9))).all()
               for amplitude in case.amplitudes.values())


# Defaults, constants, elements


@pytest.mark.parametrize("title, default", [
    ("The nonintrusivity check", {k: v for k, v in CheckOptions().__dict__.items() if k != "accept"}),
    ("Reduced Newton", {k: v for k, v in NewtonOptions().__dict__.items() if k != "record_points"}),
    ("Full-order Newton", {k: v for k, v in SolverOptions().__dict__.items() if isinstance(v, (int, float))}),
    ("Offline errors", {k: v for k, v in OfflineOptions().model_dump().items() if k.endswith("tolerance")}),
])
def test_the_defaults_are_the_documented_ones(title, default):
    assert {names(row[0])[0]: float(row[1]) for row in rows("algorithms.md", title)} == default


def test_the_constants_have_the_documented_values():
    for name, value in ((names(row[0])[0], row[1]) for row in rows("algorithms.md", "Constants")):
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute) == float(value), name


def test_elements_and_rules_are_the_documented_ones():
    table = {names(row[0])[0]: (int(row[1]), names(row[2])[0], names(row[3])[0])
             for row in rows("solver-formats.md", "romlib's elements and rules")}
    assert table == {e.name: (e.n_node, e.default_rule, e.mass_rule) for e in ELEMENTS.values()}
    assert set(RULES) <= set(names(section("solver-formats.md", "romlib's elements and rules")))


def test_the_elements_of_zset_are_the_documented_ones():
    table = {names(row[0])[0]: row[1:] for row in rows("solver-formats.md", "Elements")}
    assert set(table) == set(SOLIDS)
    for name, (cell_type, rule, n_point, nodes, points) in table.items():
        kind = SOLIDS[name]
        assert (names(cell_type)[0], names(rule)[0], int(n_point)) == (kind.cell_type, kind.quadrature, kind.n_point)
        assert (None if nodes == "same" else tuple(map(int, nodes.split()))) == kind.nodes, name
        first = points.split(",")[0].removesuffix(" in each layer")
        order = tuple(range(kind.n_point)) if first == "same" else tuple(map(int, first.split()))
        assert order == kind.point_order[:len(order)], name


def test_the_glossary_has_one_entry_for_each_term_in_order():
    heads = [row[0] for row in rows("glossary.md", "Glossary")]
    terms = {part.strip() for head in heads for part in head.split(",")}
    assert heads == sorted(set(heads), key=str.lower)
    assert {"piece", "cut", "snapshot", "mode", "lifting", "dual field", "gappy POD", "cubature", "quadrature", "rule",
            "cubature weight", "piece share", "tag", "omission", "identity", "verdict", "amplitude", "case",
            "training run", "cluster", "virgin state", "replay", "increment", "step", "output time", "reference force",
            "energy scaling", "coverage"} <= terms


def test_the_docs_are_plain_text_without_long_lines():
    for page in PAGES:
        for number, line in enumerate(text(page).splitlines(), 1):
            assert line.startswith(("|", "![")) or len(line) <= 120, f"docs/{page}, line {number}"


def test_the_docs_name_no_private_python_object():
    for page in PAGES:
        private = [name for name in _DOTTED.findall(text(page)) if re.search(r"\._[a-z]", name)]
        assert not private, f"docs/{page} names {private}"
