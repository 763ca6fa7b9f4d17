"""The mesh of the demo: a quarter of a perforated plate, half its thickness, in eight-node hexahedra."""

from __future__ import annotations

import numpy as np

from romlib.mesh.mesh import CellBlock, Mesh

WIDTH, HEIGHT, RADIUS, THICKNESS = 10.0, 15.0, 4.0, 1.0  # mm; the symmetry planes are x = 0, y = 0 and z = 0


def quarter_plate(n_side: int = 12, n_radial: int = 20, n_thickness: int = 2) -> Mesh:
    """Rays from the hole to the outer edges, 2 x n_side sectors, n_radial cells each, refined towards the hole."""
    corner = np.arctan2(HEIGHT, WIDTH)
    edge = np.linspace(0.0, 1.0, n_side + 1)
    outer = np.concatenate([
        np.stack([np.full(n_side + 1, WIDTH), HEIGHT * edge], axis=1),
        np.stack([WIDTH * (1.0 - edge[1:]), np.full(n_side, HEIGHT)], axis=1)])
    angle = np.concatenate([corner * edge, corner + (np.pi / 2 - corner) * edge[1:]])
    inner = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inner[-1, 0] = 0.0  # cos(pi / 2) is not quite zero, and the symmetry plane is found by its coordinate
    along = np.linspace(0.0, 1.0, n_radial + 1) ** 1.5
    plane = inner[:, None] + along[None, :, None] * (outer - inner)[:, None]  # (sector, radius, xy)
    z = np.linspace(0.0, THICKNESS, n_thickness + 1)
    grid = np.concatenate([
        np.broadcast_to(plane[:, :, None], (*plane.shape[:2], len(z), 2)),
        np.broadcast_to(z[None, None, :, None], (*plane.shape[:2], len(z), 1))], axis=3)
    number = np.arange(grid[..., 0].size).reshape(grid.shape[:3])
    # Radius, sector, thickness is a right-handed triad in this order: VTK's hexahedron has a positive Jacobian.
    low = [number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]]
    cells = np.stack([n[..., :-1] for n in low] + [n[..., 1:] for n in low], axis=-1).reshape(-1, 8)
    block = CellBlock("hex8", cells, np.arange(1, len(cells) + 1), quadrature="hex_gauss_8")
    return Mesh(grid.reshape(-1, 3), (block,), np.arange(1, number.size + 1))
