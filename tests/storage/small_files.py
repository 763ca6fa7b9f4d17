"""The three HDF5 files of romlib, small, with something of everything, and what each of them answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hand_made_rom import (  # type: ignore[import-not-found]
    affine,
    clustered,
    hand_made_rom,
    with_dictionary,
    with_indicator,
    write_both,
)

import romlib
from romlib.archive.romfile import fields_path
from romlib.archive.tables import FIELDS, ROM
from romlib.cli.file_info import describe
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import FaceSet, Mesh
from romlib.mesh.partition import split
from romlib.mesh.skin import add_skin
from romlib.model import Material, Model, Pressure, Temperature
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.tables import SNAPSHOTS
from romlib.storage.schema import FileSchema

CASE = {"pressure": "0.1*t", "heat": "20 + t", "pull": "1e-5*t"}
Answers = list[np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name beside the others, its table, and what is asked of it."""

    name: str
    schema: FileSchema
    ask: Callable[[Path], Answers]


def write_files(folder: Path) -> None:
    """Write x.vtkhdf, x.rom and x.fields.rom."""
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh = Mesh(**{**mesh.__dict__, "node_arrays": {"flag": np.arange(mesh.n_node)},
                   "cell_arrays": {"group": np.arange(mesh.n_cell)}, "cell_tags": {"left": np.array([0])}})
    pieces = [_with_face_array(piece) for piece in add_skin(split(mesh, np.array([0, 1])))]
    law = {"young": 2e5, "poisson": 0.3, "yield": 200.0}
    model = Model(
        materials={"steel": Material(law="mises", parameters=law)},
        loads={"pressure": Pressure(faces="xmax"), "heat": Temperature(field=1.0)},
        amplitudes={"pressure": "10*t", "heat": "20 + 5*t", "pull": 0.1}, initial_temperature=20.0)
    fields = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip")}
    rng = np.random.default_rng(0)
    values = rng.random((2, 100, 6))
    bounds = ErrorBounds({"stress": np.array([0.0, 1e-3]), "displacement": np.array([1e-4, np.nan])}, ("a note",),
                         np.array([False, True]), np.array([0.0, 1.0]), {"pressure": 1.0}, {"stress": 2.0})
    with SnapshotsWriter(folder / "x.vtkhdf", pieces, model, [0.0, 1.0], fields, bounds=bounds) as writer:
        for step in range(2):
            for p, piece in enumerate(pieces):
                writer.write("displacement", step, p, values[step, :piece.n_node, :3])
                writer.write("stress", step, p, values[step, :8 * piece.n_cell])
    rom, data = hand_made_rom(pieces, model, [affine(0), affine(1)], liftings={"pull": affine(0)},
                              dual={"stress": (6, True), "p": (1, False)})
    rom, data = clustered((rom, data), pieces, [[0], [1]], np.array([[1.0, 0, 0], [0, 1, 0], [2, 0, 1]]), [0, 1, 0])
    rom.dictionary = with_dictionary(rom, ["pressure", "pull"], fallback=2).dictionary
    write_both(folder / "x.rom", with_indicator(rom), data)


def _with_face_array(mesh: Mesh) -> Mesh:
    skin = mesh.face_tags["skin"]
    skin = FaceSet(skin.blocks, {"side": np.arange(skin.n_face)})
    return Mesh(**{**mesh.__dict__, "face_tags": {**mesh.face_tags, "skin": skin}})


def ask_snapshots(path: Path) -> Answers:
    describe(path)
    with Snapshots(path) as snapshots:
        bounds = snapshots.error_bounds or {}
        answers = [snapshots.times, *(bounds[name] for name in sorted(bounds))]
        for piece in range(snapshots.n_piece):
            answers += _arrays_of(snapshots.mesh(piece))
            answers += [snapshots.read(field, piece) for field in snapshots.fields]
    return answers


def _arrays_of(mesh: Mesh) -> Answers:
    faces = [block.connectivity for tag in mesh.face_tags.values() for block in tag.blocks]
    dictionaries = (mesh.node_tags, mesh.cell_tags, mesh.node_arrays, mesh.cell_arrays)
    return [mesh.points, mesh.node_ids, mesh.cell_ids, *(b.connectivity for b in mesh.blocks), *faces,
            *(array for arrays in dictionaries for array in arrays.values())]


def ask_rom(path: Path) -> Answers:
    solution = romlib.load(path).solve(times=[0.0, 1.0], amplitudes=CASE)
    return [solution.coordinates, solution.at_points("stress"), *solution.reactions.values(),
            *(values for _, values in sorted(solution.error_bound.items()))]


def ask_fields(path: Path) -> Answers:
    describe(path)
    rom = romlib.load(path.with_name("x.rom"))
    solution = rom.solve(times=[0.0, 1.0], amplitudes=CASE)
    whole = rom.solve(times=[0.0, 1.0], amplitudes=CASE, hyper_reduction=False)
    return [whole.at_points("stress"), solution.probe("displacement", tag="skin").values,
            *(solution.field(name, piece=p) for name in ("displacement", "stress", "p") for p in (0, 1))]


KINDS = {"snapshots": Kind("x.vtkhdf", SNAPSHOTS, ask_snapshots), "rom": Kind("x.rom", ROM, ask_rom),
         "fields": Kind(fields_path(Path("x.rom")).name, FIELDS, ask_fields)}


def same(a: Answers, b: Answers) -> bool:
    """Whether two files answer alike, to the bit."""
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in zip(a, b))
