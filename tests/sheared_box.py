"""A box that is sheared and stretched by three modes and a lifting, which are written out, and its solved ROM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hand_made_rom import affine, hand_made_rom, write_both

from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Case, Constraint, Material, Model, Times, Traction

MISES = Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3})
ELASTIC = Material(law="elastic", cells="stiff", parameters={"young": 2e5, "poisson": 0.3})
TIMES = np.linspace(0.0, 1.0, 6)


def shear(points):
    return affine(0, 1)(points) + affine(1, 0)(points)


def write_box(folder: Path, n_piece: int) -> Path:
    """The ROM of a sheared and stretched plastic box; the stretch is prescribed. It has the case "box"."""
    mesh = box_mesh("hex20", (4, 2, 1), (2.0, 1.0, 1.0))
    pieces = partition(mesh, n_piece) if n_piece > 1 else [mesh]
    model = Model(
        materials={"a": MISES}, loads={"push": Traction(faces="ymax", direction=(1, 0, 0))},
        constraints={"stretch": Constraint(nodes="xmax", components=("x",), kind="prescribed")},
        amplitudes={"push": "100*t", "stretch": "0.004*t"})
    rom, data = hand_made_rom(
        pieces, model, [shear, affine(1), affine(2)], liftings={"stretch": lambda x: 0.5 * affine(0)(x)},
        dual={"stress": (6, True), "p": (1, False)}, cases={"box": Case(times=Times(stop=1.0, step=0.2))})
    return write_both(folder / "box.rom", rom, data)


def exact_displacement(solution, points):
    """The lifting and the three modes, written out: (n_step, n, 3)."""
    g, a = solution.coordinates.T[:, :, None], solution.lifting[:, 0, None]
    x, y, z = points.T
    return np.stack([0.5 * a * x + g[0] * y, g[0] * x + g[1] * y, g[2] * z], axis=-1)


def meshes(solution):
    with solution.open_fields() as fields:
        return [fields.mesh(piece) for piece in range(fields.n_piece)]
