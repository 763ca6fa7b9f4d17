"""Meshes that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, Mesh

Distorted = Callable[..., Mesh]


@pytest.fixture(scope="session")
def distorted() -> Distorted:
    """A box 2 x 1 x 1 whose nodes, mid-side nodes included, are moved at random: no cell is affine."""

    def make(cell_type: str, seed: int = 0, quadrature: str | None = None) -> Mesh:
        mesh = box_mesh(cell_type, (3, 2, 2), (2.0, 1.0, 1.0), quadrature=quadrature)
        move = np.random.default_rng(seed).uniform(-0.03, 0.03, mesh.points.shape)
        return replace(mesh, points=mesh.points + move)

    return make


@pytest.fixture(scope="session")
def mixed() -> Mesh:
    """Hexahedra for x < 1 and wedges for x > 1, conforming, ids not in order, tags and arrays of every kind."""
    left = box_mesh("hex8", (2, 2, 2))
    right = box_mesh("wedge6", (2, 2, 2), origin=(1.0, 0.0, 0.0))
    points, inverse = np.unique(
        np.round(np.concatenate([left.points, right.points]), 12), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    hexahedra = left.blocks[0]
    wedges = right.blocks[0]
    rng = np.random.default_rng(3)
    n_cell = hexahedra.n_cell + wedges.n_cell
    cell_ids = 10 + 3 * rng.permutation(n_cell)
    blocks = (
        CellBlock("hex8", inverse[hexahedra.connectivity], cell_ids[:hexahedra.n_cell], "hex_gauss_8"),
        CellBlock("wedge6", inverse[len(left.points) + wedges.connectivity], cell_ids[hexahedra.n_cell:], "wedge_6"),
    )
    return Mesh(
        points, blocks, 100 + 7 * rng.permutation(len(points)),
        node_tags={"low": np.flatnonzero(points[:, 2] == 0.0)},
        cell_tags={"hexahedra": np.arange(hexahedra.n_cell)},
        node_arrays={"height": points[:, 2].copy(), "vector": points.copy()},
        cell_arrays={"number": np.arange(n_cell)})
