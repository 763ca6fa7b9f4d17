"""The mesh: a quarter of a square plate with a round hole, half its thickness, in 20-node hexahedra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh

SIDE, RADIUS, THICKNESS = 10.0, 3.0, 1.0  # mm; the symmetry planes are x = 0, y = 0 and z = 0
GROWTH = 1.5  # of the cells along a ray: the finest are at the hole


def quarter_plate(n_radial: int = 10, n_side: int = 7, n_thickness: int = 2) -> Mesh:
    """Rays from the hole to the outer edges, 2 x n_side sectors, n_radial cells each; eight points a cell (C3D20R).

    Node tags XSYM, YSYM, ZSYM (the symmetry planes), TOP (the edge y = SIDE) and HOLE. Midside nodes of the hole are
    on its circle.
    """
    box = box_mesh("hex20", (n_radial, 2 * n_side, n_thickness), (1.0, 1.0, THICKNESS), quadrature="hex_gauss_8")
    along, around, z = box.points.T
    angle = 0.5 * np.pi * around
    hole = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    edge = np.minimum(np.stack([2.0 - 2.0 * around, 2.0 * around], axis=1), 1.0) * SIDE
    # Linear between the ends of the cells, so that midside nodes stay in the middle of straight edges.
    ends = np.linspace(0.0, 1.0, n_radial + 1)
    ray = np.interp(along, ends, ends**GROWTH)[:, None]
    points = np.column_stack([(1.0 - ray) * hole + ray * edge, z])
    points[np.abs(points) < 1e-12 * SIDE] = 0.0  # cos(pi / 2) is not quite zero
    x, y, _ = points.T
    tags = {"XSYM": x == 0.0, "YSYM": y == 0.0, "ZSYM": z == 0.0, "TOP": y == SIDE, "HOLE": along == 0.0}
    return replace(box, points=points, face_tags={}, node_tags={name: np.flatnonzero(at) for name, at in tags.items()})
