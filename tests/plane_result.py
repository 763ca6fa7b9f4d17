"""A result in two dimensions of which all is known: uniform strains of a ring, or of a body in plane strain.

u = t (A x, B y), so that the strain is A, B and, round the axis of a ring, A again; the stress is that of elasticity.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model
from romlib.snapshots import FieldSpec, SnapshotsWriter

TIMES = np.array([0.0, 0.5, 1.0])
A, B = 2e-3, -1e-3
YOUNG, POISSON = 200.0, 0.25
SPECS = {"displacement": FieldSpec("node", 2), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip", 1)}
MODEL = Model(materials={"body": Material(law="elastic", parameters={"young": YOUNG, "poisson": POISSON})},
              constraints={"bottom": Constraint(nodes="ymin", components=("y",))})


def rectangle(kinematics: str = "axisymmetric", cell_type: str = "quad8") -> Mesh:
    """From (1, 0) to (3, 1), in 4 x 2 rectangles."""
    return rectangle_mesh(cell_type, (4, 2), (2.0, 1.0), (1.0, 0.0), kinematics)


def stress_of(kinematics: str) -> np.ndarray:
    """Kelvin-Mandel (6,) at t = 1; there is no shear."""
    strain = np.array([A, B, A if kinematics == "axisymmetric" else 0.0])
    lame, shear = YOUNG * POISSON / (1 + POISSON) / (1 - 2 * POISSON), YOUNG / 2 / (1 + POISSON)
    return np.append(lame * strain.sum() + 2 * shear * strain, np.zeros(3))


def write_plane(path: Path, kinematics: str = "axisymmetric", cell_type: str = "quad8", n_piece: int = 2) -> Path:
    """The result, in pieces; p is the position of the point among those of its piece, times t."""
    mesh = rectangle(kinematics, cell_type)
    pieces = list(number_shared_nodes(partition(mesh, n_piece))) if n_piece > 1 else [mesh]
    with SnapshotsWriter(path, pieces, MODEL, TIMES, SPECS) as writer:
        for piece, part in enumerate(pieces):
            n_ip = int(part.points_of_cells.sum())
            for step, time in enumerate(TIMES):
                writer.write("displacement", step, piece, time * part.points * (A, B))
                writer.write("stress", step, piece, np.tile(time * stress_of(kinematics), (n_ip, 1)))
                writer.write("p", step, piece, time * np.arange(n_ip)[:, None])
    return path
