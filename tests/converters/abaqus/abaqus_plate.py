"""A plate of a user material, solved by romlib at full order and written as Abaqus would: a .fil of known physics.

Nodes and elements have numbers with gaps.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from abaqus_fil import FilWriter, begin_increment, plain_tensor, write_model, write_nodal, write_points

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots, SnapshotsWriter
from romlib.snapshots.schema import FieldSpec
from romlib.study import Study
from romlib.study.solve import run_solve

SOURCES = Path(__file__).resolve().parents[3] / "plugins" / "sources"
PROPS = [200000.0, 0.3, 150.0, 100.0, 50.0, 1000.0, 300.0, 5.0]
STUDY = """
[study]
name = "plate"
[mesh]
file = "plate.vtkhdf"
[materials.steel]
law = "umat"
[materials.steel.parameters]
library = "{library}"
symbol = "J2EVP"
props = {props}
depvar = 7
variables = {{ p = 1, plastic_strain = [2, 3, 4, 5, 6, 7] }}
[constraints]
x = {{ nodes = "xmin", components = ["x"] }}
y = {{ nodes = "ymin", components = ["y"] }}
z = {{ nodes = "zmin", components = ["z"] }}
[loads.pull]
kind = "traction"
faces = "xmax"
direction = [1, 0, 0]
[loads.bend]
kind = "pressure"
faces = "ymax"
[cases.slow]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ pull = "220*sin(pi*t)", bend = "60*t" }}
[cases.fast]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ pull = "250*sin(pi*t)", bend = "30*t" }}
[cases.between]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ pull = "235*sin(pi*t)", bend = "45*t" }}
"""
TRAINING = """
[[training]]
snapshots = "slow_fil.vtkhdf"
amplitudes = { pull = "220*sin(pi*t)", bend = "60*t" }
[[training]]
snapshots = "fast_fil.vtkhdf"
amplitudes = { pull = "250*sin(pi*t)", bend = "30*t" }
[offline]
pod_tolerance = 1e-6
cubature_tolerance = 1e-5
dual_fields = ["stress", "p"]
"""
# Abaqus's name of an element: romlib's cell and rule
KINDS = {"C3D20R": ("hex20", "hex_gauss_8"), "C3D20": ("hex20", "hex_gauss_27"), "C3D10": ("tet10", "tet_4"),
         "C3D15": ("wedge15", "wedge_9"), "C3D6": ("wedge6", "wedge_2"), "C3D4": ("tet4", "tet_1")}


def plate(kind: str = "C3D20R") -> Mesh:
    """Two hexahedra, or these cut into other cells, with numbers that have gaps."""
    cell, rule = KINDS[kind]
    mesh = box_mesh(cell, (2, 1, 1), (2.0, 1.0, 0.3), quadrature=rule)
    ids = 7 + 3 * np.arange(mesh.n_node)
    block = replace(mesh.blocks[0], cell_ids=1000 + 11 * np.arange(mesh.n_cell))
    points = mesh.points.copy()
    points[:, 1] += 0.1 * points[:, 0] * points[:, 1]
    return Mesh(points, (block,), ids, mesh.node_tags, mesh.cell_tags, mesh.face_tags)


def library(folder: Path) -> Path:
    """The example UMAT J2EVP of the plug-in, compiled."""
    if shutil.which("make") is None or shutil.which("cc") is None:
        pytest.skip("no make and cc: install them to compile UMATs")
    subprocess.run(["make", "-s", "-C", str(SOURCES), "libJ2EVP.so", f"OUT={folder}"], check=True)
    return folder / "libJ2EVP.so"


def solved(folder: Path, kind: str = "C3D20R", cases: tuple[str, ...] = ("slow",)) -> Study:
    """The study of the plate in a folder, with the full-order result CASE.vtkhdf of each case."""
    mesh = plate(kind)
    with SnapshotsWriter(folder / "plate.vtkhdf", [mesh], Model(), [0.0],
                         {"displacement": FieldSpec("node", 3)}) as writer:
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    (folder / "study.toml").write_text(STUDY.format(library=library(folder), props=PROPS))
    study = Study.read(folder / "study.toml")
    for case in cases:
        run_solve(study, case, folder / f"{case}.vtkhdf", serial(), pieces=1,
                  fields=("stress", "plastic_strain", "p"))
    return study


_FACES = ((1, 2, 3, 4), (5, 8, 7, 6), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 8, 4), (4, 8, 5, 1))


def write_deck(mesh: Mesh, target: Path, pull: str, bend: str, kind: str = "C3D20R") -> None:
    """The plate as Abaqus's deck, of a part and one instance. pull, bend : data lines of amplitudes.

    A traction along x on the plane xmax is a negative pressure.
    """
    block = mesh.blocks[0]
    lines = ["*HEADING", "A plate", "*PART, NAME=PLATE", "*NODE"]
    lines += [f"{number}, {x:.17g}, {y:.17g}, {z:.17g}" for number, (x, y, z) in zip(mesh.node_ids, mesh.points)]
    lines.append(f"*ELEMENT, TYPE={kind}, ELSET=EALL")
    for number, nodes in zip(block.cell_ids, mesh.node_ids[block.connectivity]):
        row = [str(number), *map(str, nodes)]
        lines += [", ".join(row[:16]) + ("," if len(row) > 16 else ""), *([", ".join(row[16:])] * (len(row) > 16))]
    for name in ("xmin", "ymin", "zmin"):
        lines += [f"*NSET, NSET={name}", *map(str, mesh.node_ids[mesh.node_tags[name]])]
    lines += ["*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL", "1.,", "*END PART", "*ASSEMBLY, NAME=A",
              "*INSTANCE, NAME=P-1, PART=PLATE", "*END INSTANCE"]
    for name in ("xmax", "ymax"):
        tag = set(mesh.node_tags[name].tolist())
        lines += [f"*SURFACE, NAME={name}", *(
            f"P-1.{number}, S{k}" for number, nodes in zip(block.cell_ids, block.connectivity)
            for k, face in enumerate(_FACES, 1) if {int(nodes[one - 1]) for one in face} <= tag)]
    lines += ["*END ASSEMBLY", "*MATERIAL, NAME=STEEL", f"*USER MATERIAL, CONSTANTS={len(PROPS)}",
              ", ".join(map(str, PROPS)), "*DEPVAR", "7", "*AMPLITUDE, NAME=PULL", pull, "*AMPLITUDE, NAME=BEND", bend,
              "*BOUNDARY", "P-1.xmin, 1", "P-1.ymin, 2", "P-1.zmin, 3", "*STEP, INC=100", "*STATIC, DIRECT", "0.1, 1.",
              "*DSLOAD, AMPLITUDE=PULL", "xmax, P, -1.", "*DSLOAD, AMPLITUDE=BEND", "ymax, P, 1.",
              "*FILE FORMAT, ASCII", "*NODE FILE", "U", "*EL FILE", "S, SDV", "*END STEP", ""]
    target.write_text("\n".join(lines))


def write_fil(source: Path, target: Path, kind: str = "C3D20R", *, binary: bool, frame: np.ndarray | None = None,
              element_sets: dict[str, list[int]] | None = None, **how: object) -> None:
    """The results of a snapshots file as Abaqus writes them, without the state at rest.

    frame : (3, 3), local axes in columns, in which tensors are written, with records 85.
    """
    with Snapshots(source) as file, FilWriter(target, binary=binary, **how) as writer:
        mesh = file.mesh(0)
        block, ids = mesh.blocks[0], mesh.node_ids
        write_model(writer, ids, mesh.points,
                    [(number, kind.ljust(8), ids[nodes]) for number, nodes in zip(block.cell_ids, block.connectivity)],
                    {name.upper(): ids[nodes] for name, nodes in mesh.node_tags.items()},
                    element_sets or {"ALL_THE_PLATE": block.cell_ids})
        for step in range(1, file.n_step):
            begin_increment(writer, file.times[step], file.times[step] - file.times[step - 1], number=step)
            shape = (mesh.n_cell, -1)
            values = {name: file.read(name, 0, step) for name in ("displacement", "stress", "plastic_strain")}
            values["strain"] = StrainOperator(mesh).strain(values["displacement"][None])[0]
            tensors = {name: _turned(values[name], frame).reshape(*shape, 6)
                       for name in ("stress", "strain", "plastic_strain")}
            p = file.read("p", 0, step).reshape(*shape, 1)
            whole_axes = values["plastic_strain"].reshape(*shape, 6)
            plastic = plain_tensor(tensors["plastic_strain"], engineering=True)
            state = np.concatenate([p, plain_tensor(whole_axes, engineering=True)], axis=2)  # SDV are in no axes
            write_points(writer, kind.ljust(8), block.cell_ids, {
                11: plain_tensor(tensors["stress"]), 21: plain_tensor(tensors["strain"], engineering=True),
                22: np.concatenate([plastic, p], axis=2), 5: state}, axes=None if frame is None else frame.T)
            write_nodal(writer, 101, ids, values["displacement"])
            writer.end_increment()


def _turned(mandel: np.ndarray, frame: np.ndarray | None) -> np.ndarray:
    """Tensors in the axes of a frame, by matrices: local = frame^T global frame."""
    if frame is None:
        return mandel
    a = mandel.copy()
    a[:, 3:] /= np.sqrt(2.0)
    full = a[:, [0, 3, 4, 3, 1, 5, 4, 5, 2]].reshape(-1, 3, 3)
    local = frame.T @ full @ frame
    found = local.reshape(-1, 9)[:, [0, 4, 8, 1, 2, 5]]
    found[:, 3:] *= np.sqrt(2.0)
    return found
