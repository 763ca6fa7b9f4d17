"""A bar in tension whose elastic-plastic solution is known: its snapshots file and its study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

YOUNG, POISSON, YIELD, HARDENING = 70000.0, 0.2, 243.0, 2250.0
TIMES = np.linspace(0.0, 1.0, 11)

STUDY = """
[study]
name = "bar"
units = "mm, N, MPa, s"
[materials.bar]
law = "mises"
parameters = { young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }
[tags.end]
faces = { box = { min = [3, 0, 0], max = [3, 1, 1] } }
[constraints.x]
nodes = "xmin"
components = ["x"]
[constraints.y]
nodes = "ymin"
components = ["y"]
[constraints.z]
nodes = "zmin"
components = ["z"]
[loads.traction]
kind = "traction"
faces = "end"
direction = [1, 0, 0]
[[training]]
snapshots = "pull.vtkhdf"
name = "pull"
amplitudes.traction = "300*t"
[offline]
pod_tolerance = 1e-6
dual_fields = ["stress", "p"]
[cases.harder]
times = { stop = 1.0, step = 0.1 }
amplitudes.traction = "330*t"
"""


def study_with_a_mesh(load: float) -> str:
    """The study with a mesh of its own, as `romlib solve` needs it; the case is the training run."""
    return STUDY.replace("300*t", f"{load}*t").replace("330*t", f"{load}*t") + '[mesh]\nfile = "mesh.vtkhdf"\n'


def displacement(x: np.ndarray, t: float, load: float = 300.0) -> np.ndarray:
    """Solution of the bar pulled at its end by load x t MPa."""
    stress = load * t
    p = max(0.0, (stress - YIELD) / HARDENING)
    along, across = stress / YOUNG + p, -POISSON * stress / YOUNG - 0.5 * p
    return x * np.array([along, across, across])


def write_bar(path: Path, n_piece: int = 1, load: float = 300.0, width: float = 1.0) -> Path:
    """Displacement only, as a converter of displacement files writes it."""
    mesh = box_mesh("hex8", (3, 2, 2), (3.0, width, 1.0))
    pieces = list(number_shared_nodes(partition(mesh, n_piece))) if n_piece > 1 else [mesh]
    specs = {"displacement": FieldSpec("node", 3)}
    with SnapshotsWriter(path, pieces, Model(), TIMES, specs, solver="exact") as writer:
        for step, time in enumerate(TIMES):
            for piece, part in enumerate(pieces):
                writer.write("displacement", step, piece, displacement(part.points, time, load))
    return path
