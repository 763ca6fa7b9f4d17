"""Snapshots files of any size without a solver of that size: the demo's plate, interpolated on a finer mesh.

The displacement is smooth and loads every part of the offline stage as a solver's would; it is not in equilibrium on
the fine mesh, so that the nonintrusivity check has to be skipped.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from romlib.mesh.partition import split
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags
from romlib.model import Model
from romlib.snapshots import FieldSpec, SnapshotsWriter
from romlib.study import Study

DEMO = Path(__file__).resolve().parent.parent / "cases" / "plate_demo"
sys.path.insert(0, str(DEMO))

from newton import solve  # noqa: E402  (a script of the demo, not a package)
from plate import quarter_plate  # noqa: E402

COARSE = (12, 20, 2)  # sectors to each side of the corner, cells along the radius, cells in the thickness
TIMES = np.linspace(0.0, 1.0, 41)


@dataclass(frozen=True)
class Size:
    """A fine mesh and its cut into slabs of equal numbers of sectors."""

    n_side: int
    n_radial: int
    n_thickness: int
    n_piece: int

    @property
    def n_dof(self) -> int:
        return 3 * (2 * self.n_side + 1) * (self.n_radial + 1) * (self.n_thickness + 1)

    @property
    def n_ip(self) -> int:
        return 8 * 2 * self.n_side * self.n_radial * self.n_thickness


STUDY = """[study]
name = "fine_plate"
units = "mm, N, MPa, s"
[materials.plate]
law = "mises"
parameters = {{ young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }}
[tags]
symx.nodes = {{ plane = {{ point = [0, 0, 0], normal = [1, 0, 0] }} }}
symy.nodes = {{ plane = {{ point = [0, 0, 0], normal = [0, 1, 0] }} }}
symz.nodes = {{ plane = {{ point = [0, 0, 0], normal = [0, 0, 1] }} }}
top.faces = {{ plane = {{ point = [0, 15, 0], normal = [0, 1, 0] }} }}
[constraints]
symx = {{ nodes = "symx", components = ["x"] }}
symy = {{ nodes = "symy", components = ["y"] }}
symz = {{ nodes = "symz", components = ["z"] }}
[loads]
traction = {{ kind = "traction", faces = "top", direction = [0, 1, 0] }}
[[training]]
snapshots = "{snapshots}"
amplitudes.traction = "130*sin(2*pi*t)"
[offline]
pod_tolerance = 1e-4
cubature_tolerance = 1e-3
dual_fields = ["stress", "p"]
skip_check = true
"""


def write_study(folder: Path, name: str) -> Study:
    """The study of a fine plate, whose snapshots file is NAME.vtkhdf in the same folder."""
    path = folder / f"{name}.toml"
    path.write_text(STUDY.format(snapshots=f"{name}.vtkhdf"))
    return Study.read(path)


def coarse_history(study: Study) -> np.ndarray:
    """Displacements (n_step, sector, radius, thickness, 3) of the demo's mesh."""
    mesh = add_skin([quarter_plate(*COARSE)])[0]
    mesh = add_tags(mesh, study.node_tags, study.face_tags, study.cell_tags)
    model = study.complete(Model(units=study.study.units), study.training[0])
    grid = (2 * COARSE[0] + 1, COARSE[1] + 1, COARSE[2] + 1, 3)
    return np.stack([step.displacement.reshape(grid) for step in solve(mesh, model, TIMES)])


def write_snapshots(path: Path, history: np.ndarray, size: Size, units: Model) -> None:
    """Interpolate the history in the parameters of the mesh, sector, radius, thickness, and write it step by step."""
    mesh = add_skin([quarter_plate(size.n_side, size.n_radial, size.n_thickness)])[0]
    sector = np.arange(mesh.n_cell) // (size.n_radial * size.n_thickness)
    pieces = split(mesh, sector * size.n_piece // (2 * size.n_side))
    fine = (2 * size.n_side + 1, size.n_radial + 1, size.n_thickness + 1)
    along = [CubicSpline(np.linspace(0, 1, n), np.eye(n))(np.linspace(0, 1, m))
             for n, m in zip(history.shape[1:4], fine)]
    with SnapshotsWriter(path, pieces, units, TIMES, {"displacement": FieldSpec("node", 3)},
                         solver="the demo's plate, interpolated", fingerprint=f"{size}") as writer:
        for step, coarse in enumerate(history):
            u = np.einsum("ai,bj,ck,ijkx->abcx", *along, coarse, optimize=True).reshape(-1, 3)
            for number, piece in enumerate(pieces):
                writer.write("displacement", step, number, u[piece.node_ids - 1])
