"""A box that is sheared and stretched by three modes and a lifting, which are written out."""

from __future__ import annotations

import numpy as np
from hand_made_rom import affine

from romlib.model import Material

MISES = Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3})
ELASTIC = Material(law="elastic", cells="stiff", parameters={"young": 2e5, "poisson": 0.3})


def shear(points):
    return affine(0, 1)(points) + affine(1, 0)(points)


def exact_displacement(solution, points):
    """The lifting and the three modes, written out: (n_step, n, 3)."""
    g, a = solution.coordinates.T[:, :, None], solution.lifting[:, 0, None]
    x, y, z = points.T
    return np.stack([0.5 * a * x + g[0] * y, g[0] * x + g[1] * y, g[2] * z], axis=-1)


def meshes(solution):
    with solution.open_fields() as fields:
        return [fields.mesh(piece) for piece in range(fields.n_piece)]
